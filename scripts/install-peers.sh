#!/bin/sh
# Installs the Debian packages that the live suite runs beside us, the real auditd with its tools and its plugins, laurel, libauparse for
# Python, rsyslog, ulogd2, iptables, socat, a message bus, Prometheus, curl, and what the chaos suite interferes with: libfaketime, strace.
# With `bench` also rsyslog-relp, which the benchmark of the remote pair runs; with `packages` also what builds, checks and tries the
# packages. Starts no service, and does nothing when all are there.
# syslog-ng, which Debian does not install beside rsyslog, is unpacked into a directory of its own.
# Runs as root.
set -eu

PACKAGES='auditd audispd-plugins laurel libfaketime strace
  rsyslog rsyslog-gnutls ulogd2 ulogd2-json iptables iproute2 iputils-ping socat python3-audit
  dbus-daemon python3-dbus python3-gi prometheus curl'
case ${1:-} in
  bench) PACKAGES="$PACKAGES rsyslog-relp" ;;
  packages) PACKAGES="$PACKAGES binutils debootstrap dpkg-dev lintian logrotate man-db systemd-container" ;;
esac
POLICY=/usr/sbin/policy-rc.d
SYSLOG_NG_DIR=/usr/local/lib/audispd-peers/syslog-ng
# With the libraries of its own that are not installed otherwise.
SYSLOG_NG_PACKAGES='syslog-ng-core libivykis0 libnet1 libpcre3 libwrap0'

# A mirror may be away for a moment, or another apt at work.
persistently() {
  for pause_s in 5 15 45; do
    "$@" && return
    echo "install-peers: failed, and is tried again in $pause_s s: $*" >&2
    sleep "$pause_s"
  done
  "$@"
}

download_syslog_ng() {
  # shellcheck disable=SC2086 # one word a package
  apt-get download -qq $SYSLOG_NG_PACKAGES
}

refresh_and_download() {
  apt-get update -qq && download_syslog_ng
}

# Into a directory that gets its name when it is complete, so that a run that is cut short leaves nothing half done.
unpack_syslog_ng() {
  if [ -x "$SYSLOG_NG_DIR/usr/sbin/syslog-ng" ]; then
    echo "install-peers: syslog-ng is there, in $SYSLOG_NG_DIR"
    return
  fi
  if [ "$(id -u)" -ne 0 ]; then
    echo "install-peers: only root can unpack syslog-ng" >&2
    exit 1
  fi
  mkdir -p "$SYSLOG_NG_DIR.new/deb" "$SYSLOG_NG_DIR.new/root"
  chmod 777 "$SYSLOG_NG_DIR.new/deb"
  (cd "$SYSLOG_NG_DIR.new/deb" && { download_syslog_ng 2>/dev/null || persistently refresh_and_download; })
  for package in "$SYSLOG_NG_DIR.new/deb"/*.deb; do dpkg -x "$package" "$SYSLOG_NG_DIR.new/root"; done
  rm -rf "$SYSLOG_NG_DIR"
  mv "$SYSLOG_NG_DIR.new/root" "$SYSLOG_NG_DIR"
  rm -rf "$SYSLOG_NG_DIR.new"
  echo "install-peers: syslog-ng unpacked into $SYSLOG_NG_DIR"
}

missing=
for package in $PACKAGES; do
  status=$(dpkg-query -W -f '${db:Status-Abbrev} ${Version}' "$package" 2>/dev/null || :)
  case $status in
    ii*) echo "install-peers: $package ${status#* } is there" ;;
    *) missing="$missing $package" ;;
  esac
done
unpack_syslog_ng
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
# An update of which a part has failed ends well all the same, and what is missing then is only found by the installation.
refresh_and_install() {
  apt-get update -qq &&
    # shellcheck disable=SC2086 # one word a package
    apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=60 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold $missing
}
persistently refresh_and_install
for package in $missing; do
  echo "install-peers: $package $(dpkg-query -W -f '${Version}' "$package") installed"
done
