# shellcheck shell=sh
# Which Python to take. build-deb puts this into the maintainer scripts; install.sh reads it.

# Tells whether a Python can be used: 64-bit, of a version that MediaPipe has packages for.
python_fits() {
    "$1" -c 'import struct, sys
sys.exit(not ((3, 10) <= sys.version_info < (3, 13) and struct.calcsize("P") == 8))' 2>/dev/null
}

# Prints a Python that can be used. Those in homes are left out: the service cannot see them.
find_python() (
    if [ -n "${PYTHON:-}" ]; then set -- "$PYTHON"; else set -- python3.11 python3.12 python3.10 python3; fi
    for name; do
        IFS=:
        for folder in $PATH; do
            case $name in /*) program=$name ;; *) program=$folder/$name ;; esac
            case $(readlink -f "$program") in '' | /home/* | /root/*) continue ;; esac
            case $folder in /home/* | /root/*) continue ;; esac
            if [ -x "$program" ] && python_fits "$program"; then
                printf '%s\n' "$program"
                exit 0
            fi
        done
    done
    exit 1
)

# Refuses, in a sentence, a machine on which sign-edge cannot run.
check_machine() {
    architecture=$(dpkg --print-architecture)
    case $architecture in
        amd64 | arm64) ;;
        *)
            echo "sign-edge: this system is $architecture; MediaPipe has packages for 64-bit ones only (arm64 or amd64), so install a 64-bit system" >&2
            return 1
            ;;
    esac
    if ! find_python >/dev/null; then
        there=${PYTHON:-$(command -v python3 || echo python3)}
        found=$("$there" --version 2>&1 | head -n 1) || found="not there"
        echo "sign-edge: Python 3.10, 3.11 or 3.12 is needed, 64-bit and outside of home folders; $there is ${found:-no Python}; PYTHON=FILE names another" >&2
        return 1
    fi
}
