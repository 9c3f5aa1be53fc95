#!/bin/sh
# Installs the Debian packages that the live suite runs beside us, the real auditd with its tools and its plugins, laurel, libauparse for
# Python, rsyslog, ulogd2, iptables, socat, and what the chaos suite interferes with: libfaketime, strace.
# With `bench` also rsyslog-relp, which the benchmark of the remote pair runs. Starts no service, and does nothing when all are there.
# Runs as root.
set -eu

PACKAGES='auditd audispd-plugins laurel libfaketime strace
  rsyslog ulogd2 ulogd2-json iptables iproute2 iputils-ping socat python3-audit'
[ "${1:-}" = bench ] && PACKAGES="$PACKAGES rsyslog-relp"
POLICY=/usr/sbin/policy-rc.d

missing=
for package in $PACKAGES; do
  status=$(dpkg-query -W -f '${db:Status-Abbrev} ${Version}' "$package" 2>/dev/null || :)
  case $status in
    ii*) echo "install-peers: $package ${status#* } is there" ;;
    *) missing="$missing $package" ;;
  esac
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
  echo "install-peers: only root can install:$missing" >&2
  exit 1
fi

# Package scripts ask this program before they start a service; 101 forbids it. One that is there already is left alone.
if [ ! -e "$POLICY" ]; then
  trap 'rm -f "$POLICY"' EXIT
  trap 'exit 1' HUP INT TERM
  printf '#!/bin/sh\nexit 101\n' >"$POLICY"
  chmod 755 "$POLICY"
  echo "install-peers: no service is started while packages are installed ($POLICY)"
else
  echo "install-peers: $POLICY is there already and decides whether services are started"
fi

echo "install-peers: installing$missing"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086 # one word a package
apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold $missing
for package in $missing; do
  echo "install-peers: $package $(dpkg-query -W -f '${Version}' "$package") installed"
done
