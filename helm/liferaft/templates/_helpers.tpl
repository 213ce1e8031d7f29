{{- define "liferaft.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{/* 40 characters, so that pods, the headless service and a pod's revision label stay below 63. */}}
{{- define "liferaft.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains (include "liferaft.name" .) .Release.Name }}
{{- .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "liferaft.name" .) | trunc 40 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "liferaft.headless" -}}
{{ include "liferaft.fullname" . }}-headless
{{- end }}

{{/* What follows a pod's name in its address. */}}
{{- define "liferaft.domain" -}}
{{ include "liferaft.headless" . }}.{{ .Release.Namespace }}.svc
{{- end }}

{{- define "liferaft.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "liferaft.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "liferaft.selector" -}}
app.kubernetes.io/name: {{ include "liferaft.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: node
{{- end }}

{{- define "liferaft.labels" -}}
app.kubernetes.io/name: {{ include "liferaft.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{/* Every ordinal, this one included: the same text on all nodes. */}}
{{- define "liferaft.initialCluster" -}}
{{- $name := include "liferaft.fullname" . }}
{{- $domain := include "liferaft.domain" . }}
{{- $members := list }}
{{- range $i := until (int .Values.replicas) }}
{{- $members = append $members (printf "%s-%d=%s-%d.%s:4002" $name $i $name $i $domain) }}
{{- end }}
{{- join "," $members }}
{{- end }}

{{/* Numbers without an exponent. */}}
{{- define "liferaft.setting" -}}
{{- if kindIs "float64" . }}{{ int64 . }}{{ else }}{{ . }}{{ end }}
{{- end }}

{{/* What one value alone does not show. */}}
{{- define "liferaft.check" -}}
{{- if and (not .Values.persistence.enabled) (not .Values.backup.target) }}
{{- fail "persistence.enabled=false without backup.target keeps the data nowhere: set one of them" }}
{{- end }}
{{- if and .Values.backup.secondTarget (not .Values.backup.target) }}
{{- fail "backup.secondTarget without backup.target: the first place comes first, set backup.target" }}
{{- end }}
{{- with .Values.secondS3 }}
{{- if and .region (not (hasPrefix "s3://" $.Values.backup.secondTarget)) }}
{{- fail "secondS3.region is of no use without backup.secondTarget=s3://bucket/prefix/" }}
{{- end }}
{{- if and .region (not .existingSecret) }}
{{- fail "secondS3.region without secondS3.existingSecret: name a secret with the credentials of that bucket" }}
{{- end }}
{{- if and (or .endpoint .existingSecret .pathStyleAccess) (not .region) }}
{{- fail "secondS3 needs secondS3.region, for example auto for Cloudflare R2 or us-east-1" }}
{{- end }}
{{- end }}
{{- $limit := .Values.resources.limits.memory }}
{{- $mib := ternary (mul 1024 (trimSuffix "Gi" $limit | int)) (trimSuffix "Mi" $limit | int) (hasSuffix "Gi" $limit) | int }}
{{- $rest := div (mul $mib (sub 100 (int .Values.jvm.heapPercentage))) 100 | int }}
{{- if lt $rest 384 }}
{{- fail (printf "resources.limits.memory=%s with jvm.heapPercentage=%d leaves %d MiB beside the heap, and a node needs 384 MiB: raise the limit, for example to 1Gi" $limit (int .Values.jvm.heapPercentage) $rest) }}
{{- end }}
{{- if .Release.IsUpgrade }}
{{- $there := lookup "apps/v1" "StatefulSet" .Release.Namespace (include "liferaft.fullname" .) }}
{{- if $there }}
{{- $members := printf "--liferaft.raft.initial-cluster=%s" (include "liferaft.initialCluster" .) }}
{{- if not (has $members (first $there.spec.template.spec.containers).args) }}
{{- fail (printf "replicas=%d is not what this cluster was founded with, and a cluster keeps its members: see \"Changing the number of nodes\" in the chart's README" (int .Values.replicas)) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
