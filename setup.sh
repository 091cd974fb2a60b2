#!/bin/sh
# Makes .venv and installs this program into it: setup.sh REQUIREMENT, where REQUIREMENT is . or '.[test]'.
# On Debian and Ubuntu also installs the system libraries that Qt needs, where it may; else says which they are.
set -eu
cd "$(dirname "$0")"
PYTHON=${PYTHON:-python3}

command -v "$PYTHON" >/dev/null 2>&1 || {
    echo "Layerloom needs Python 3.11 or newer, and there is no '$PYTHON'. Install Python, or run: make PYTHON=/path/to/python3.11" >&2
    exit 1
}
"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "Layerloom needs Python 3.11 or newer; '$PYTHON' is $("$PYTHON" -c 'import sys; print(sys.version.split()[0])'). Run: make PYTHON=/path/to/python3.11" >&2
    exit 1
}
"$PYTHON" -c 'import venv, ensurepip' 2>/dev/null || {
    echo "This Python lacks venv. On Debian and Ubuntu install it with: apt-get install python3-venv" >&2
    exit 1
}

[ -x .venv/bin/python ] || "$PYTHON" -m venv .venv
echo "Installing Layerloom into .venv (the first time, this takes some minutes) ..."
log=.venv/install.log
.venv/bin/python -m pip install --disable-pip-version-check --editable "$1" >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    echo "The installation failed; all that pip said is in $log." >&2
    exit 1
}

[ "$(uname -s)" = Linux ] || exit 0

# What Qt's own libraries ask the system for, by the Debian package that brings it.
missing=$(.venv/bin/python - <<'EOF'
import ctypes

PACKAGES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libdbus-1.so.3": "libdbus-1-3",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
}


def lacks(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return True
    return False


print(*sorted(package for library, package in PACKAGES.items() if lacks(library)))
EOF
)
# Without any font, text is empty boxes.
ls /usr/share/fonts/*/* >/dev/null 2>&1 || missing="$missing fonts-dejavu-core"
missing=$(echo $missing)
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing system libraries that Qt needs: $missing"
    apt-get update -qq >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null && exit 0
fi
echo "Qt needs system libraries that are missing here. Install them and run make again; on Debian and Ubuntu:" >&2
echo "    sudo apt-get install $missing" >&2
exit 1
