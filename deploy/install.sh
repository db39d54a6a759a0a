#!/usr/bin/env bash
# Installs sign-edge from this checkout as a service, brings it up to date, or removes it. What it
# installs is the package of build-deb, so that dpkg knows every file of it.
set -euo pipefail

usage() {
    cat <<'USAGE'
usage: sudo deploy/install.sh [--wheels DIR] | --uninstall
  --wheels DIR  install from the wheels there, without a network (deploy/fetch-wheels)
  --uninstall   remove everything: program, settings, password, taught signs, user
PYTHON names the interpreter, instead of python3.11, python3.12, python3.10 or python3.
USAGE
}

say() { printf 'install: %s\n' "$*" >&2; }
fail() {
    say "$*"
    exit 1
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
is_uninstall=false
while (($#)); do
    case $1 in
        --wheels)
            [[ -d ${2:-} ]] || fail "--wheels ${2:-}: no such folder"
            SIGN_EDGE_WHEELS=$(realpath -- "$2")
            export SIGN_EDGE_WHEELS
            shift
            ;;
        --uninstall) is_uninstall=true ;;
        -h | --help) usage && exit 0 ;;
        *)
            usage >&2
            exit 2
            ;;
    esac
    shift
done

[[ $(uname -s) == Linux ]] || fail "sign-edge runs on Linux only; this is $(uname -s)"
command -v dpkg >/dev/null || fail "this system has no dpkg; Debian, Raspberry Pi OS or Ubuntu is needed"
installed() { dpkg-query -W -f="\${$1}" sign-edge 2>/dev/null || true; }

if $is_uninstall; then
    ((EUID == 0)) || fail "removing needs root: sudo deploy/install.sh --uninstall"
    if [[ -z $(installed db:Status-Status) || $(installed db:Status-Status) == not-installed ]]; then
        say "sign-edge is not installed"
        exit 0
    fi
    dpkg --purge sign-edge
    exit 0
fi

# shellcheck source=deploy/debian/find-python.sh
source "$here/debian/find-python.sh"
check_machine
((EUID == 0)) || fail "installing needs root: sudo deploy/install.sh"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder" # apt reads as a user of its own
package=$("$here/build-deb" --output "$folder")
if [[ $(installed db:Status-Status) == installed &&
    $(installed Payload-Digest) == "$(dpkg-deb -f "$package" Payload-Digest)" ]]; then
    say "$(basename "$package" .deb) is installed already"
    exit 0
fi
put_in() { apt-get install -y -q --reinstall --allow-downgrades "$@" "$package"; }
export DEBIAN_FRONTEND=noninteractive
# Without a network what is merely recommended cannot be had.
if [[ -n ${SIGN_EDGE_WHEELS:-} ]]; then put_in --no-install-recommends; else put_in; fi
say "installed: the settings are in /etc/sign-edge/config.toml; sudo sign-edge check names what is missing"
