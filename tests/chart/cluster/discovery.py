"""Which kinds of objects the cluster knows, and what it says of them."""

from tests.chart.rendering import Tree

GROUPS = {
    "v1": {
        "ConfigMap": "configmaps",
        "Namespace": "namespaces",
        "Pod": "pods",
        "Secret": "secrets",
        "Service": "services",
        "ServiceAccount": "serviceaccounts",
    },
    "apps/v1": {
        "DaemonSet": "daemonsets",
        "Deployment": "deployments",
        "ReplicaSet": "replicasets",
    },
    "batch/v1": {"Job": "jobs"},
    "cert-manager.io/v1": {"Certificate": "certificates", "Issuer": "issuers"},
    "cloud.google.com/v1": {"BackendConfig": "backendconfigs"},
    "gateway.networking.k8s.io/v1": {"HTTPRoute": "httproutes"},
    "monitoring.coreos.com/v1": {
        "PodMonitor": "podmonitors",
        "PrometheusRule": "prometheusrules",
        "ServiceMonitor": "servicemonitors",
    },
    "networking.gke.io/v1": {"ManagedCertificate": "managedcertificates"},
    "networking.k8s.io/v1": {"Ingress": "ingresses", "NetworkPolicy": "networkpolicies"},
    "rbac.authorization.k8s.io/v1": {
        "ClusterRole": "clusterroles",
        "ClusterRoleBinding": "clusterrolebindings",
    },
    "traefik.io/v1alpha1": {"IngressRouteTCP": "ingressroutetcps"},
}
BUILT_IN = {"v1", "apps/v1", "batch/v1", "networking.k8s.io/v1", "rbac.authorization.k8s.io/v1"}
KINDS = {name: (version, kind) for version in GROUPS for kind, name in GROUPS[version].items()}
"""The `apiVersion` and kind of each resource."""
_CLUSTER_WIDE = {"ClusterRole", "ClusterRoleBinding", "Namespace"}
_VERBS = ["create", "delete", "get", "list", "patch", "update", "watch"]


def _groups() -> Tree:
    names = [version.split("/") for version in GROUPS if "/" in version]
    groups = [
        {
            "name": group,
            "versions": [{"groupVersion": f"{group}/{version}", "version": version}],
            "preferredVersion": {"groupVersion": f"{group}/{version}", "version": version},
        }
        for group, version in names
    ]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def _resources(version: str) -> Tree:
    resources = [
        {"name": name, "kind": kind, "namespaced": kind not in _CLUSTER_WIDE, "verbs": _VERBS}
        for kind, name in GROUPS[version].items()
    ]
    return {"kind": "APIResourceList", "groupVersion": version, "resources": resources}


DISCOVERY: dict[str, Tree] = {
    "/version": {"major": "1", "minor": "34", "gitVersion": "v1.34.0"},
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": _groups(),
    **{
        f"/{'apis' if '/' in version else 'api'}/{version}": _resources(version)
        for version in GROUPS
    },
}
