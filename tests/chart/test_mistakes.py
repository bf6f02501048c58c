"""An operator's mistake ends Helm with one sentence that says what to do."""

import json
from typing import Any

import pytest
import yaml

from tests.chart.rendering import Refused, rendered

pytestmark = pytest.mark.chart

BY_SCHEMA = [
    ("replicaCount: 2", "replicaCount 1 (replicas share no store yet"),
    ("replicaCount: two", "replicaCount: Invalid type. Expected: integer, given: string"),
    ("turn: {mode: sidecart}", '"sidecar", "daemonset", "external"'),
    ("turn: {mod: sidecar}", "turn: Additional property mod is not allowed"),
    ("replicas: 1", "Additional property replicas is not allowed"),
    ("turn: {mode: external, existingSecret: a}", "turn.urls (in turn.mode external"),
    ("turn: {providers: [cloudfare]}", '"coturn", "cloudflare", "twilio", "static"'),
    ("settings: {twilioApiSecret: a}", "Additional property twilioApiSecret is not allowed"),
    ('turn: {urls: ["stun:a"]}', "turn.urls.0: Does not match pattern"),
    ("turn: {userQuota: 4}", "turn.userQuota: Must be greater than or equal to 12"),
    ("turn: {relayPorts: {min: 50000}}", "Has a dependency on max"),
    ("turn: {externalIP: turn.example.org}", "turn.externalIP: Does not match pattern"),
    ("turn: {host: 'https://turn.example.org'}", "turn.host: Does not match pattern"),
    ("turn: {secrets: [short]}", "turn.secrets.0: String length must be greater than or equal to"),
    ("turn: {tls: {certManager: {enabled: true, issuerRef: {name: a}}}}", "turn.host (the name"),
    ("turn: {host: a, tls: {certManager: {enabled: true}}}", "or issuer.create (who"),
    ("turn: {host: a, tls: {certManager: {enabled: true, issuer: {create: true}}}}",
     "turn.tls.certManager.issuer.acme.solvers (how the ACME server sees"),
    ("turn: {host: a, tls: {certManager: {enabled: true, issuer: {create: true, type: ca}}}}",
     "turn.tls.certManager.issuer.ca.secretName (the certificate and key of the CA)"),
    ("settings: {ringTimeout: 5}", "settings.ringTimeout: Must be greater than or equal to 15"),
    ("settings: {ringtimeout: 20}", "settings: Additional property ringtimeout is not allowed"),
    ("settings: {logLevel: loud}", '"debug", "info", "warning", "error"'),
    ("settings: {jwtSecret: a}", "settings: Additional property jwtSecret is not allowed"),
    ("jwt: {secret: short}", "a jwt.secret of 32 bytes or more (make one with openssl"),
    ("httpRoute: {enabled: true}", "httpRoute.parentRefs (the Gateways"),
    ("ingress: {enabled: true}", "ingress.hosts (the names of the service)"),
    ("loadtest: {enabled: true}", "loadtest.configMap (kubectl create configmap"),
    ('image: {repository: "registry.example.org:5000/ringline:1.2.3"}',
     "image.repository without its tag (which goes into image.tag) is required"),
    ("image: {digest: latest}", "image.digest: Does not match pattern"),
    ("service: {type: ExternalName}", '"ClusterIP", "NodePort", "LoadBalancer"'),
    ("probe: {canary: {everySeconds: 5}}", "everySeconds: Must be greater than or equal to 10"),
    ("service: {type: LoadBalancer, loadBalancerSourceRanges: [192.0.2.1]}",
     "service.loadBalancerSourceRanges.0: Does not match pattern"),
    ("turn: {service: {loadBalancerIP: a.example.org}}", "loadBalancerIP: Does not match pattern"),
    ("service: {sessionAffinity: Cookie}", '"None", "ClientIP"'),
    ("turn: {extraArgs: ['-v']}", "turn.extraArgs.0: Does not match pattern"),
    ("turn: {extraArgs: ['--relay-threads', '2']}", "turn.extraArgs.1: Does not match pattern"),
    ("extraContainers: [{image: a}]", "extraContainers.0: name is required"),
    ("global: {imageRegistry: 'https://registry.example.org'}",
     "global.imageRegistry: Does not match pattern"),
    ("imagePullSecrets: [{secret: a}]", "imagePullSecrets.0: name is required"),
    ("podAnnotations: {a: 1}", "podAnnotations.a: Invalid type. Expected: string"),
]  # fmt: skip
BY_TEMPLATE = [
    ("terminationGracePeriodSeconds: 35",
     "35 s end a pod before drain.delaySeconds + drain.windowSeconds (35 s) are over; set it to"),
    ("turn: {drainSeconds: 7200}",
     "in turn.mode sidecar coturn ends when the service has drained; set drain.windowSeconds, or"),
    ("turn: {drainMinAllocations: 3}",
     "in turn.mode sidecar coturn ends when the service has drained; set drain.windowSeconds, or"),
    ("settings: {jwksUrl: 'https://a/b'}\njwt: {existingSecret: a}",
     "settings.jwksUrl and jwt.existingSecret are set together; keep the one"),
    (f"jwt: {{existingSecret: a, secret: {'b' * 32}}}",
     "jwt.existingSecret and jwt.secret are set together"),
    (f"turn: {{existingSecret: a, secrets: [{'b' * 32}]}}",
     "turn.existingSecret and turn.secrets are set together; keep one."),
    ("generateSecrets: false\nturn: {existingSecret: a}",
     "there is no key for tokens; set jwt.existingSecret"),
    ("generateSecrets: false\njwt: {existingSecret: a}",
     "there is no TURN secret; set turn.existingSecret."),
    ("turn: {providers: [static], providersSecret: a}",
     "turn.mode sidecar runs a coturn that turn.providers does not name; set turn.mode to"),
    ("turn: {mode: external, providers: [cloudflare]}",
     "set turn.providersSecret to a Secret with the key cloudflare_turn_api_token."),
    ("turn: {mode: external, providers: [twilio], providersSecret: a}",
     "turn.providers names twilio; set settings.twilioAccountSid."),
    ("settings: {twilioAccountSid: a}",
     "settings.twilioAccountSid: turn.providers does not name twilio; name it, or take"),
    ("turn: {providersSecret: a}",
     "turn.providersSecret is read for no provider; name in turn.providers whose it is"),
    ("turn: {mode: daemonset, daemonset: {updateStrategy: {rollingUpdate: {maxSurge: 1}}}}",
     "turn.daemonset.updateStrategy: a second coturn waits for ever for the ports of its node"),
    ("turn: {mode: external, urls: ['turn:a']}",
     "cannot guess the secret of a TURN server that it does not run; set turn.existingSecret"),
    *((f"turn: {{secrets: [{'a' * 32}, {json.dumps(secret)}]}}",
       "turn.secrets has one that coturn cannot keep; write ASCII letters, digits and signs")
      for secret in ("with, comma and space", "two words" * 2, "it's" * 4, 'a"b' * 6, "a\\b" * 6,
                     "=" + "a" * 16, "größe" * 4, "tab\t" * 4)),
    ("turn: {externalIP: 192.0.2.1, relayPorts: {min: 50000, max: 50100}}",
     "cannot well publish 101 ports; take 100 or fewer, or turn.mode daemonset."),
    ("turn: {externalIP: 192.0.2.1, relayPorts: {min: 50001, max: 50000}}",
     "turn.relayPorts: max (50000) is below min (50001)."),
    ("turn: {relayPorts: {min: 50000, max: 50010}}", "set turn.externalIP to that of the load"),
    ("turn: {externalIP: 192.0.2.1, totalQuota: 50, relayPorts: {min: 50000, max: 50009}}",
     "turn.totalQuota: 50 relays do not fit in 10 relay ports; lower it"),
    ("turn: {mode: daemonset, daemonset: {namespace: calls}}",
     "turn.daemonset.namespace is that of the release; name another one"),
    ("turn: {mode: daemonset, discoverNode: true, discoverStun: 'a:1'}",
     "turn.discoverNode and turn.discoverStun are set together; keep one."),
    ("turn: {mode: daemonset, discoverNode: true, nodeAddress: {annotation: a/b, label: c}}",
     "turn.nodeAddress.annotation and turn.nodeAddress.label are set together; keep one."),
    ("turn: {mode: daemonset, nodeAddress: {label: example.org/ip}}",
     "turn.nodeAddress is where turn.discoverNode looks; set turn.discoverNode: true."),
    ("turn: {discoverNode: true}", "in turn.mode daemonset; in sidecar, set turn.externalIP."),
    ("turn: {host: a, tls: {existingSecret: a, certManager: {enabled: on, issuerRef: {name: b}}}}",
     "turn.tls.existingSecret and turn.tls.certManager are set together; keep one."),
    ("turn: {tls: {passthroughHost: turn.example.org}}",
     "turn.tls.passthroughHost: the coturn of this chart has no certificate"),
    ("turn: {mode: external, urls: ['turn:a'], existingSecret: a, tls: {passthroughHost: b}}",
     "or in turn.mode external name the address in turn.urls."),
    ("turn: {tls: {certManager: {issuerRef: {name: a}, issuer: {create: on, type: selfSigned}}}}",
     "issuerRef and turn.tls.certManager.issuer.create are set together; keep one."),
    ("turn: {host: a, tls: {certManager: {issuer: {create: on, type: selfSigned}}}}",
     "nothing would ask that Issuer for a certificate; set turn.tls.certManager.enabled, too."),
    ("settings: {jwksUrl: 'https://a/b'}\nprobe: {canary: {enabled: true}}",
     "set probe.existingSecret to a Secret with token_a and token_b."),
    ("service: {loadBalancerSourceRanges: [192.0.2.0/24]}",
     "service.loadBalancerSourceRanges: there is no load balancer; take it out, or set"),
    ("turn: {mode: daemonset, service: {loadBalancerIP: 192.0.2.1}}",
     "or set turn.service.type to LoadBalancer, in turn.mode sidecar."),
    ("service: {sessionAffinityConfig: {clientIP: {timeoutSeconds: 9}}}",
     "set service.sessionAffinity to ClientIP."),
    *((f"turn: {{extraArgs: ['{argument}']}}",
       f"turn.extraArgs: {argument.partition('=')[0]} is the chart's own; take it out")
      for argument in ("--max-bps=1", "--realm=a", "--cert=/a", "--no-tls", "--prometheus",
                       "--denied-peer-ip=1.2.3.4", "--drain-min-allocations=1", "--daemon")),
    ("turn: {extraEnv: [{name: TURN_PORT, value: '1'}]}",
     "turn.extraEnv: TURN_PORT is the chart's own, as all of TURN_…; take it out"),
    ("extraContainers: [{name: coturn}]",
     "extraContainers: there is another coturn in the pod; take another name."),
    ("extraContainers: [{name: a}]\nextraInitContainers: [{name: a}]",
     "extraContainers: there is another a in the pod"),
    ("extraVolumes: [{name: tmp}]", "extraVolumes: there is another tmp in the pod"),
    ("extraVolumes: [{name: a}]\nturn: {extraVolumes: [{name: a}]}",
     "turn.extraVolumes: there is another a in the pod"),
    ("turn: {mode: daemonset, extraVolumes: [{name: node}]}",
     "turn.extraVolumes: there is another node in the pod"),
    ("turn: {mode: daemonset, daemonset: {extraContainers: [{name: node-address}]}}",
     "turn.daemonset.extraContainers: there is another node-address in the pod"),
    ("livenessProbe: {exec: {command: [a]}}",
     "livenessProbe asks by exec and httpGet; keep one of exec, grpc, httpGet and tcpSocket"),
    ("turn: {readinessProbe: {tcpSocket: null}}", "turn.readinessProbe asks by nothing; keep one"),
    ("commonLabels: {app.kubernetes.io/name: a}",
     "commonLabels: app.kubernetes.io/name is the chart's own, since objects are found by it"),
    ("podLabels: {app.kubernetes.io/component: a}",
     "podLabels: app.kubernetes.io/component is the chart's own"),
    ("settings: {jwksUrl: 'https://a/b'}\nloadtest: {enabled: true, configMap: a}",
     "loadtest: its users sign in by an HS256 key, and this service has none"),
]  # fmt: skip


@pytest.mark.parametrize(("values", "sentence"), BY_SCHEMA + BY_TEMPLATE)
def test_it_is_told_in_a_sentence(values: str, sentence: str):
    given: dict[str, Any] = yaml.safe_load(values)
    with pytest.raises(Refused) as refused:
        rendered(set_values=given)
    assert sentence in str(refused.value)


def test_all_that_does_not_fit_together_is_told_at_once():
    turn = {"discoverNode": True, "drainSeconds": 3_600}
    with pytest.raises(Refused) as refused:
        rendered(set_values={"terminationGracePeriodSeconds": 10, "turn": turn})
    assert "before drain." in str(refused.value)
    assert "in turn.mode sidecar coturn ends" in str(refused.value)
    assert "find the addresses of nodes" in str(refused.value)
