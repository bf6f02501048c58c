{{- /* What objects are called, and the labels that they carry and are found by. */ -}}

{{- define "ringline.name" -}}
{{ default .Chart.Name .Values.nameOverride | trunc 52 | trimSuffix "-" }}
{{- end }}

{{- define "ringline.fullname" -}}
{{- $name := include "ringline.name" . -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else if contains $name .Release.Name -}}
{{ .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- /* Of one component: `list . "turn"`. */ -}}
{{- define "ringline.selector" -}}
{{- $root := first . -}}
app.kubernetes.io/name: {{ include "ringline.name" $root }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ last . }}
{{- end }}

{{- define "ringline.ownLabels" -}}
{{- $root := first . -}}
{{ include "ringline.selector" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "ringline.labels" -}}
{{ include "ringline.ownLabels" . }}
{{- with (first .).Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- /* Of the pods of one component, with more labels or none: `list . "turn" $labels`. */ -}}
{{- define "ringline.podLabels" -}}
{{- $root := first . -}}
{{ include "ringline.selector" (list $root (index . 1)) }}
{{- with merge dict (index . 2 | default dict) ($root.Values.commonLabels | default dict) }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- /* With those that everything has behind: `list . $annotations …`; nothing when there are none. */ -}}
{{- define "ringline.annotations" -}}
{{- $all := dict -}}
{{- range append (rest .) (first .).Values.commonAnnotations -}}
{{- $all = merge $all (. | default dict) -}}
{{- end -}}
{{- with $all -}}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "ringline.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{ .Values.serviceAccount.name | default (include "ringline.fullname" .) }}
{{- else -}}
{{ .Values.serviceAccount.name | default "default" }}
{{- end }}
{{- end }}
