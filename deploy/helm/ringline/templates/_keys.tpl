{{- /* Who has made tokens and TURN secrets, and where they lie. */ -}}

{{- /* Whether tokens are of HS256, so that there is a key to share. */ -}}
{{- define "ringline.jwt.shared" -}}
{{- if not (or .Values.settings.jwksUrl .Values.settings.jwtPublicKey) }}yes{{ end }}
{{- end }}

{{- define "ringline.jwt.secretName" -}}
{{ .Values.jwt.existingSecret | default (printf "%s-jwt" (include "ringline.fullname" .)) }}
{{- end }}

{{- define "ringline.turn.secretName" -}}
{{ .Values.turn.existingSecret | default (printf "%s-turn" (include "ringline.fullname" .)) }}
{{- end }}

{{- /* What `helm test` and the canary sign in with: nothing when there is nothing. */ -}}
{{- define "ringline.probe.possible" -}}
{{- if or (include "ringline.jwt.shared" .) .Values.probe.existingSecret }}yes{{ end }}
{{- end }}

{{- /*
What a Secret of ours holds under a key, or else a new random value: `list . $name $key`.
`lookup` finds nothing in `helm template`, and so under GitOps.
*/ -}}
{{- define "ringline.kept" -}}
{{- $root := first . -}}
{{- $found := lookup "v1" "Secret" $root.Release.Namespace (index . 1) | default dict -}}
{{- with get ($found.data | default dict) (index . 2) -}}
{{ b64dec . }}
{{- else -}}
{{ randAlphaNum 64 }}
{{- end }}
{{- end }}
