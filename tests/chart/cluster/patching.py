"""How the API server changes an object by a patch: merged (RFC 7396), strategically, or applied.

As `strategicpatch` of Kubernetes does, faults included: a port is found by its number alone,
so that a patch of the TCP port of a number changes the UDP port that stands before it. Server-side
apply knows the protocol, too. Its conflicts between managers are not modelled.
"""

import copy
from typing import Any

from tests.chart.rendering import Tree

Keys = dict[str, tuple[str, ...]]
"""What an element of a list is found by, by the list's name; other lists are replaced whole."""
_POD: Keys = {
    "conditions": ("type",),
    "containers": ("name",),
    "env": ("name",),
    "hostAliases": ("ip",),
    "imagePullSecrets": ("name",),
    "initContainers": ("name",),
    "ownerReferences": ("uid",),
    "volumeMounts": ("mountPath",),
    "volumes": ("name",),
}
_STRATEGIC: dict[str, Keys] = {
    "Service": {"ports": ("port",)},
    "NetworkPolicy": {},
    "pods": _POD | {"ports": ("containerPort",), "topologySpreadConstraints": ("topologyKey",)},
}
_APPLIED: dict[str, Keys] = {
    "Service": {"ports": ("port", "protocol")},
    "NetworkPolicy": {},
    "pods": _POD
    | {
        "ports": ("containerPort", "protocol"),
        "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
    },
}


def merged(tree: Any, patch: Any) -> Any:
    """By a merge patch: lists are replaced."""
    return _merge(tree, patch, {})


def strategic(tree: Tree, patch: Tree) -> Tree:
    """By a strategic merge patch."""
    result: Tree = _merge(tree, patch, _keys(_STRATEGIC, tree["kind"]))
    return result


def applied(tree: Tree, before: Tree, wanted: Tree) -> Tree:
    """By server-side apply: what the manager wanted `before`, and does not any more, goes."""
    keys = _keys(_APPLIED, wanted["kind"])
    result: Tree = _merge(_without(tree, before, wanted, keys), wanted, keys)
    return result


def _keys(table: dict[str, Keys], kind: str) -> Keys:
    return table.get(kind, table["pods"])


def _merge(tree: Any, patch: Any, keys: Keys) -> Any:
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    had = tree if isinstance(tree, dict) else {}
    if patch.get("$patch") == "replace":
        had = {}
    kept = patch.get("$retainKeys", had)
    result = {name: value for name, value in had.items() if name in kept}
    for name, value in patch.items():
        if not name.startswith("$"):
            _change(result, name, value, keys)
    for name, value in patch.items():
        directive, _, of = name.partition("/")
        if directive == "$deleteFromPrimitiveList":
            result[of] = [one for one in result.get(of, []) if one not in value]
        elif directive == "$setElementOrder" and of in keys and of in result:
            result[of] = _ordered(result[of], value, keys[of])
    return result


def _change(tree: Tree, name: str, value: Any, keys: Keys) -> None:
    if value is None:
        tree.pop(name, None)
    elif name in keys and isinstance(value, list):
        tree[name] = _merge_list(tree.get(name, []), value, keys[name], keys)
    else:
        tree[name] = _merge(tree.get(name), value, keys)


def _merge_list(old: list[Tree], patch: list[Tree], by: tuple[str, ...], keys: Keys) -> list[Tree]:
    directed = [one for one in patch if "$patch" in one]
    gone = [_found_by(one, by) for one in directed]
    replaced = any(one["$patch"] == "replace" for one in directed)
    result = [] if replaced else [one for one in old if _found_by(one, by) not in gone]
    for one in (one for one in patch if "$patch" not in one):
        names = [_found_by(other, by) for other in result]
        name = _found_by(one, by)
        if name in names:
            at = names.index(name)
            result[at] = _merge(result[at], one, keys)
        else:
            result.append(_merge({}, one, keys))
    return result


def _ordered(elements: list[Tree], order: list[Tree], by: tuple[str, ...]) -> list[Tree]:
    """As the patch orders those that it knows, the others behind."""
    places = {_found_by(one, by): place for place, one in reversed(list(enumerate(order)))}
    return sorted(elements, key=lambda one: places.get(_found_by(one, by), len(places)))


def _found_by(element: Tree, by: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(element.get(name, "TCP" if name == "protocol" else None) for name in by)


def _without(tree: Any, before: Any, wanted: Any, keys: Keys) -> Any:
    """What is there without what was wanted before and is not now."""
    if not (isinstance(tree, dict) and isinstance(before, dict) and isinstance(wanted, dict)):
        return tree
    result = {}
    for name, value in tree.items():
        if name in before and name not in wanted:
            continue
        if name in keys and name in before:
            result[name] = _list_without(value, before[name], wanted[name], keys[name], keys)
        else:
            result[name] = _without(value, before.get(name), wanted.get(name), keys)
    return result


def _list_without(
    old: list[Tree], before: list[Tree], wanted: list[Tree], by: tuple[str, ...], keys: Keys
) -> list[Tree]:
    had, has = ({_found_by(one, by): one for one in some} for some in (before, wanted))
    return [
        _without(one, had.get(name), has.get(name), keys)
        for one in old
        if (name := _found_by(one, by)) not in had or name in has
    ]
