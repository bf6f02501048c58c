#!/bin/sh
# Runs coturn beside Ringline: `entrypoint.sh` serves until SIGTERM, then drains for TURN_DRAIN_SECONDS,
# and `entrypoint.sh config` prints the turnserver.conf that would be.
# The Helm chart has a copy, which `make format` writes from deploy/coturn.
#
# It writes turnserver.conf from the template that lies beside it, keeps the shared secrets in coturn's
# own database, and stays as the parent of turnserver. While that runs, a changed secret file changes
# the database, and a changed certificate is loaded anew: nothing restarts, no call is cut.
# README.md lists the variables. A wrong one is answered by one sentence and exit status 2.
# shellcheck disable=SC2154 # `eval` sets what it does not see
set -euf
umask 077
newline='
'

say() { printf 'coturn: %s\n' "$1" >&2; }
fail() {
    say "$1"
    exit 2
}

# --- the variables ------------------------------------------------------------------------------

needed() { # NAME WHAT
    eval "[ -n \"\${$1:-}\" ]" || fail "$1 is missing: set $2."
}

default() { # NAME VALUE
    eval "export $1=\"\${$1:-$2}\""
}

number() { # NAME LEAST MOST
    eval "value=\$$1"
    case $value in
        "" | *[!0-9]* | ??????????*) ;;
        *) [ "$value" -lt "$2" ] || [ "$value" -gt "$3" ] || return 0 ;;
    esac
    fail "$1 is '$value': set a whole number from $2 to $3."
}

addresses() { # NAME
    default "$1" ""
    eval "value=\$$1"
    case $value in *[!0-9a-fA-F.:,]*) fail "$1 is '$value': set an IP address." ;; esac
}

settings() {
    needed TURN_SCRATCH "a writable directory"
    { [ -d "$TURN_SCRATCH" ] && [ -w "$TURN_SCRATCH" ]; } ||
        fail "TURN_SCRATCH is '$TURN_SCRATCH': set a directory that user $(id -u) may write to."
    needed TURN_REALM "the name that clients are shown, such as turn.example.org"
    case $TURN_REALM in
        *[!0-9A-Za-z.-]*) fail "TURN_REALM is '$TURN_REALM': set letters, digits, dots and dashes." ;;
    esac
    export TURN_SCRATCH TURN_REALM

    needed TURN_LISTENING_IP "the address that clients reach here"
    needed TURN_RELAY_IP "the address that relays open on"
    for name in LISTENING_IP RELAY_IP EXTERNAL_IP ALLOWED_PEER_IP PROMETHEUS_ADDRESS; do
        addresses "TURN_$name"
    done
    default TURN_PORT 3478
    default TURN_TLS_PORT 5349
    default TURN_MIN_PORT 49152
    default TURN_MAX_PORT 65535
    for name in PORT TLS_PORT MIN_PORT MAX_PORT; do number "TURN_$name" 1 65535; done
    relays=$((TURN_MAX_PORT - TURN_MIN_PORT + 1))
    [ "$relays" -gt 0 ] ||
        fail "TURN_MIN_PORT is above TURN_MAX_PORT: set the first and the last port of relays."

    default TURN_TOTAL_QUOTA "$relays"
    number TURN_TOTAL_QUOTA 1 "$relays"
    default TURN_USER_QUOTA 48
    number TURN_USER_QUOTA 1 65535
    default TURN_MAX_BPS 750000
    number TURN_MAX_BPS 0 999999999
    default TURN_DRAIN_SECONDS 0
    number TURN_DRAIN_SECONDS 0 86400
    default TURN_DRAIN_MIN_ALLOCATIONS ""
    [ -z "$TURN_DRAIN_MIN_ALLOCATIONS" ] || number TURN_DRAIN_MIN_ALLOCATIONS 0 65535
    tags
    denied_peers
    external
}

# Which lines of the template apply.
tags() {
    default TURN_PROFILE 4.17
    case $TURN_PROFILE in
        4.17 | 4.6) tags=$TURN_PROFILE ;;
        *) fail "TURN_PROFILE is '$TURN_PROFILE': set 4.17 or 4.6, whichever coturn this is." ;;
    esac
    default TURN_PROMETHEUS_PORT ""
    if [ -n "$TURN_PROMETHEUS_ADDRESS$TURN_PROMETHEUS_PORT" ]; then
        [ "$TURN_PROFILE" != 4.6 ] || fail "coturn 4.6 has no metrics: unset TURN_PROMETHEUS_…."
        needed TURN_PROMETHEUS_ADDRESS "a private address, beside TURN_PROMETHEUS_PORT"
        default TURN_PROMETHEUS_PORT 9641
        number TURN_PROMETHEUS_PORT 1 65535
        tags="$tags prometheus"
    fi
    default TURN_TLS_CERT_FILE ""
    default TURN_TLS_KEY_FILE ""
    if [ -z "$TURN_TLS_CERT_FILE$TURN_TLS_KEY_FILE" ]; then
        tags="$tags no-tls"
        return
    fi
    for name in TURN_TLS_CERT_FILE TURN_TLS_KEY_FILE; do
        needed $name "its path, beside the other of TURN_TLS_CERT_FILE and TURN_TLS_KEY_FILE"
        eval "value=\$$name"
        [ -r "$value" ] || fail "$name is '$value', which cannot be read: set the path of a PEM file."
    done
    tags="$tags tls"
}

# coturn takes `a-b` only: networks are written out as their first and last address.
denied_peers() {
    default TURN_DENIED_PEERS ""
    ranges=$(printf '%s' "$TURN_DENIED_PEERS" | tr -d ' \t' | tr ',' '\n' | awk "$RANGES") ||
        fail "TURN_DENIED_PEERS has '${ranges##*"$newline"}': set networks such as 10.1.0.0/16, or ranges a-b."
    TURN_DENIED_PEERS=$(printf '%s' "$ranges" | tr '\n' ',')
}

# Prints the range of each line, or the first line that is none and fails.
# shellcheck disable=SC2016 # the dollars are awk's
RANGES='
    function number(digits, base,    i, digit, value) {
        if (digits == "") return -1
        for (i = 1; i <= length(digits); i++) {
            digit = index("0123456789abcdef", tolower(substr(digits, i, 1))) - 1
            if (digit < 0 || digit >= base) return -1
            value = value * base + digit
        }
        return value
    }
    # Fills `group` with the numbers of an address. Gives how many bits each has; 0 is no address.
    function groups(address, group,    i, n, bits, half, gaps, head, tail, left, right) {
        if (index(address, ":")) {
            bits = 16; n = 8
            gaps = split(address, half, "::") - 1
            left = split(half[1], head, ":"); right = split(half[2], tail, ":")
            if (gaps > 1 || (gaps ? left + right > 7 : left != 8)) return 0
            for (i = 1; i <= n; i++)
                group[i] = i <= left ? head[i] : i > 8 - right ? tail[i - 8 + right] : "0"
        } else {
            bits = 8; n = split(address, group, ".")
            if (n != 4) return 0
        }
        for (i = 1; i <= n; i++) {
            group[i] = number(group[i], bits == 8 ? 10 : 16)
            if (group[i] < 0 || group[i] >= 2 ^ bits) return 0
        }
        return bits
    }
    function network(address, prefix,    i, n, bits, form, free, first, last) {
        bits = groups(address, group); n = bits == 8 ? 4 : 8
        prefix = number(prefix, 10)
        if (!bits || prefix < 0 || prefix > n * bits) return ""
        for (i = 1; i <= n; i++) {
            form = (i == 1 ? "" : bits == 8 ? "." : ":") (bits == 8 ? "%d" : "%x")
            free = i * bits - prefix
            free = 2 ^ (free < 0 ? 0 : free > bits ? bits : free)
            group[i] -= group[i] % free
            first = first sprintf(form, group[i]); last = last sprintf(form, group[i] + free - 1)
        }
        # coturn takes a range from `::` on for one without a lower end, which denies all of IPv4.
        sub(/^0:0:0:0:0:0:0:0$/, "::1", first)
        return first "-" last
    }
    function range(text,    part, ends) {
        if (split(text, part, "/") == 2) return network(part[1], part[2])
        ends = split(text, part, "-")
        if (ends > 2 || !groups(part[1], group) || !groups(part[ends], group)) return ""
        return text
    }
    $0 != "" { found = range($0); print found == "" ? $0 : found; if (found == "") exit 1 }
'

# How the world sees the relay address: told, or asked of a STUN server.
external() {
    public=$TURN_EXTERNAL_IP
    if [ -z "$public" ] && [ -n "${TURN_DISCOVER_STUN:-}" ]; then
        host=${TURN_DISCOVER_STUN%:*}
        port=${TURN_DISCOVER_STUN##*:}
        case $host:$port in
            *:*[!0-9]* | *: | :*) fail "TURN_DISCOVER_STUN is '$TURN_DISCOVER_STUN': set host:port." ;;
        esac
        for _ in 1 2 3; do
            told=$(timeout 3 turnutils_stunclient -L "${TURN_RELAY_IP%%,*}" -p "$port" "$host" 2>&1) || true
            public=$(printf '%s\n' "$told" | sed -n 's/.*UDP reflexive addr: \(.*\):[0-9]*$/\1/p' | head -n 1)
            [ -z "$public" ] || break
        done
        [ -n "$public" ] ||
            fail "$TURN_DISCOVER_STUN does not answer: set TURN_EXTERNAL_IP, or another TURN_DISCOVER_STUN."
        say "seen from outside as $public."
    fi
    TURN_EXTERNAL=
    fitting=
    for address in $(printf '%s' "$public" | tr ',' ' '); do
        relay=$(relay_like "$address")
        [ -n "$relay" ] || continue
        fitting=$address
        [ "$address" = "$relay" ] || TURN_EXTERNAL=$TURN_EXTERNAL,$address/$relay
    done
    [ -n "$fitting" ] || [ -z "$public" ] ||
        fail "TURN_EXTERNAL_IP is '$public', and TURN_RELAY_IP has no address of that family: add one."
    export TURN_EXTERNAL
}

# The first relay address of the family of another address.
relay_like() { # ADDRESS
    case $1 in *:*) family=: ;; *) family=. ;; esac
    printf '%s' "$TURN_RELAY_IP" | tr ',' '\n' | grep -F "$family" | head -n 1
}

config() {
    settings
    configuration
}

configuration() {
    # shellcheck disable=SC2016 # the dollars are awk's
    awk -v tags=" $tags " '
        /^#/ || /^$/ { next }
        /^\[/ {
            if (!index(tags, " " substr($1, 2, length($1) - 2) " ")) next
            sub(/^[^ ]* /, "")
        }
        match($0, /[$][{][A-Z_]+[}]/) {
            n = split(ENVIRON[substr($0, RSTART + 2, RLENGTH - 3)], value, ",")
            head = substr($0, 1, RSTART - 1)
            tail = substr($0, RSTART + RLENGTH)
            for (i = 1; i <= n; i++) if (value[i] != "") print head value[i] tail
            next
        }
        { print }
    ' "$(dirname "$0")/turnserver.conf.template"
}

# --- the secrets --------------------------------------------------------------------------------

wanted() {
    tr ',' '\n' 2>/dev/null <"$TURN_SECRET_FILE" | sed 's/^[[:space:]]*//; s/[[:space:]]*$//; /^$/d'
}

# Says what is wrong with a list of secrets, if anything is.
wrong() {
    [ -n "$1" ] || echo "TURN_SECRET_FILE ($TURN_SECRET_FILE) holds no secret: write one into it."
    # coturn ends a secret at 255 bytes, and 4.6 writes it between quotes. The service refuses the same,
    # and a = in front, which a turnserver.conf cannot hold.
    printf '%s\n' "$1" | LC_ALL=C awk '
        length($0) > 255 || /[^!-~]/ || /["\\\047]/ || /^=/ {
            print "TURN_SECRET_FILE has a secret that coturn cannot keep: write up to 255 letters," \
                " digits and signs, but no space, quote or backslash, nor = in front."
            exit
        }'
}

admin() { turnadmin -b "$TURN_SCRATCH/turn.db" -r "$TURN_REALM" "$@"; }
held() { admin -S 2>/dev/null | sed -n "s/\[$TURN_REALM\]\$//p"; }
has() { case $newline$1$newline in *"$newline$2$newline"*) ;; *) return 1 ;; esac }

# Makes the database hold these secrets and no others, the new ones first: it always knows one.
keep() {
    before=$(held)
    IFS=$newline
    for secret in $1; do has "$before" "$secret" || admin -s "$secret" >/dev/null 2>&1; done
    for secret in $before; do has "$1" "$secret" || admin -X "$secret" >/dev/null 2>&1; done
    unset IFS
    [ "$(held | sort)" = "$(printf '%s\n' "$1" | sort -u)" ]
}

# Makes SQLite keep a write-ahead log. Without one the database is locked while turnadmin writes, and
# whoever turnserver checks then is refused (401). Two bytes of the file say so: sqlite.org/fileformat.html
read_while_written() {
    printf '\002\002' | dd of="$TURN_SCRATCH/turn.db" bs=1 seek=18 conv=notrunc 2>/dev/null
}

# --- running ------------------------------------------------------------------------------------

# Whether process $1 handles signal number $2, rather than dying of it.
handles() {
    caught=$(sed -n 's/^SigCgt:[[:space:]]*[0-9a-f]\{8\}//p' "/proc/$1/status" 2>/dev/null)
    [ -n "$caught" ] && [ $((0x$caught >> ($2 - 1) & 1)) = 1 ]
}

printed() { [ -z "$TURN_TLS_CERT_FILE" ] || cat "$TURN_TLS_CERT_FILE" "$TURN_TLS_KEY_FILE" | cksum; }

# Takes up changed files. They change by a rename, which no POSIX tool announces.
follow() {
    now=$(wanted) || now=
    if [ "$now" != "$secrets" ]; then
        problem=$(wrong "$now")
        if [ -n "$problem" ]; then
            say "$problem Those of before stay."
        elif keep "$now"; then
            say "the secrets changed."
        else
            say "the secrets changed, but cannot be stored in $TURN_SCRATCH; trying again."
            return
        fi
        secrets=$now
    fi
    now=$(printed 2>/dev/null) || return 0
    if [ "$now" != "$certificate" ] && handles "$turn" 12; then
        kill -USR2 "$turn" || true
        certificate=$now
    fi
}

runs() { kill -0 "$turn" 2>/dev/null; }

# Whether draining is over. coturn 4.6.3 and newer take no new relays, and end with the last of those that
# they have. It ends by the machine's uptime, in hundredths of a second: a turn of the loop takes longer than
# its sleep, and a drain of hours would outlast the grace period.
drained() {
    [ "$signals" = 1 ] || return 0
    read -r now _ </proc/uptime
    now=${now%.*}${now#*.}
    [ -n "$ends" ] || ends=$((now + 100 * TURN_DRAIN_SECONDS))
    [ "$now" -lt "$ends" ] || return 0
    if [ -z "$told" ] && handles "$turn" 10; then
        say "draining for up to $TURN_DRAIN_SECONDS s."
        kill -USR1 "$turn" || true
        told=yes
    fi
    return 1
}

serve() {
    signals=0
    trap 'signals=$((signals + 1))' TERM INT
    needed TURN_SECRET_FILE "the path of the file with the secrets that Ringline shares"
    [ -r "$TURN_SECRET_FILE" ] || fail "TURN_SECRET_FILE is '$TURN_SECRET_FILE', which cannot be read."
    settings
    secrets=$(wanted)
    problem=$(wrong "$secrets")
    [ -z "$problem" ] || fail "$problem"
    certificate=$(printed)
    for name in turn.db turn.db-wal turn.db-shm turnserver.pid; do rm -f "$TURN_SCRATCH/$name"; done
    keep "$secrets" && read_while_written ||
        fail "the secrets cannot be stored in $TURN_SCRATCH: turnadmin failed there."
    configuration >"$TURN_SCRATCH/turnserver.conf"
    [ "$signals" = 0 ] || exit 0

    turnserver -c "$TURN_SCRATCH/turnserver.conf" "$@" &
    turn=$!
    ends=
    told=
    while runs; do
        [ "$signals" = 0 ] || ! drained || kill -TERM "$turn" || true
        follow
        # In the background, since a signal ends `wait` before its time, and nothing else.
        sleep 1 &
        wait $! || true
    done
    status=0
    wait "$turn" || status=$?
    [ "$signals" = 0 ] || status=0
    exit "$status"
}

word=${1:-serve}
[ $# = 0 ] || shift
case $word in
    serve | config) "$word" "$@" ;;
    *) fail "there is no '$word': say 'config', or nothing to serve." ;;
esac
