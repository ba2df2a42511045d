#!/bin/bash
# SPDX-License-Identifier: MIT
# What a page about mpremote's romfs command says that one can do, command by command, with our program's name in place of mpremote's:
# the page's options, its development workflow, two partitions, and what the board's own programs do with them.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"
bin=$(peers)
PATH=$(dirname "$romfs"):$bin:$PATH
MPREMOTE_DEVICE=$PWD/line
export MPREMOTE_DEVICE
board_options='--roms 3'
mkdir -p src/lib core app project/lib project/data
cat >src/main.py <<'END'
import helper
def run():
    print("running", helper.VALUE)
END
echo 'VALUE = 42' >src/lib/helper.py
cp -r src/. app/
echo 'CORE = True' >core/base.py
cp src/main.py project/main.py
cp src/main.py project/config.py
echo '{}' >project/data/config.json
echo 'VALUE = 1' >project/lib/module1.py
echo 'def settings(): pass' >project/lib/module2.py
start_line

# --- Query ROMFS information ---
mpremote-romfs query >said
assert_equal 'partitions' 3 "$(grep -c '^partition [012]: ' said)"
mpremote-romfs query --partition 1 >said
assert_equal 'partition 1 alone' 'partition 1:' "$(cut -d ' ' -f 1,2 said)"
mpremote-romfs query -p 2 >said
assert_equal 'partition 2 alone' 'partition 2:' "$(cut -d ' ' -f 1,2 said)"

# --- Build ROMFS image ---
(cd src && mpremote-romfs build . && [ -s src.romfs ] && rm src.romfs) >/dev/null
mpremote-romfs build --output firmware.romfs src/ >/dev/null
mpremote-romfs build --no-mpy src/ >said
grep -q main.py said || fail "--no-mpy: $(cat said)"
mpremote-romfs build -o custom.romfs -m src/ >said
grep -q main.mpy said || fail "-m: $(cat said)"

# --- Deploy ROMFS to device ---
mpremote-romfs deploy firmware.romfs >/dev/null
mpremote-romfs deploy --partition 1 firmware.romfs >/dev/null
mpremote-romfs deploy -p 2 custom.romfs >/dev/null
for number in 0 1 2; do
	mpremote-romfs dump -p $number -o dumped.romfs >/dev/null
	assert_same firmware.romfs dumped.romfs
done

# --- Development workflow ---
mpremote-romfs build --output app.romfs src/ >/dev/null
mpremote-romfs deploy --partition 1 app.romfs >/dev/null
mpremote-romfs query --partition 1 >said
grep -q '^  main.mpy' said || fail "query after deploy: $(cat said)"
# The board's firmware mounts none but the first; --boot makes the page's next line true. mpremote resets the board before it runs this.
mpremote-romfs deploy --partition 1 --boot app.romfs >/dev/null
assert_equal 'the application' 'running 42' "$(mpremote connect "$MPREMOTE_DEVICE" exec "
import sys
sys.path.insert(0, '/romfs1')
import main
main.run()
" | tr -d '\r')"

# --- Advanced usage ---
mpremote-romfs build --no-mpy --output debug.romfs src/ >/dev/null
mpremote-romfs build -o core.romfs core/ >/dev/null
mpremote-romfs deploy -p 0 core.romfs >/dev/null
mpremote-romfs build -o app.romfs app/ >/dev/null
mpremote-romfs deploy -p 1 app.romfs >/dev/null
mpremote-romfs query -p 0 | grep -q '^  base.mpy' || fail 'partition 0 has not the core'
mpremote-romfs query -p 1 | grep -q '^  main.mpy' || fail 'partition 1 has not the app'

# --- Error handling: in these words ---
head -c 140000 /dev/zero >core/large
mpremote-romfs build -o large.romfs core/ >/dev/null
assert_refused 'partition not found' mpremote-romfs deploy -p 5 app.romfs
assert_refused 'insufficient space' mpremote-romfs deploy -p 1 large.romfs
assert_refused 'No such file or directory' mpremote-romfs deploy nowhere.romfs
assert_refused 'nowhere/: there is no such directory' mpremote-romfs build nowhere/
rm core/large

# --- Accessing ROMFS content; mount points ---
echo 'settings = {"led": 25}' >app/config.py
echo 'NAME = "mine"' >app/my_module.py
mpremote-romfs deploy -p 0 --boot core >/dev/null
mpremote-romfs deploy -p 1 --boot app >/dev/null
assert_equal 'imports' "mine {'led': 25}" "$(mpremote connect "$MPREMOTE_DEVICE" exec "
import sys
sys.path.insert(0, '/romfs0')  # Partition 0
sys.path.insert(0, '/romfs1')  # Partition 1

import my_module
from config import settings
print(my_module.NAME, settings)
" | tr -d '\r')"

# --- Build process ---
mpremote-romfs build --output release.romfs --mpy project/ >/dev/null
mpremote-romfs deploy --partition 1 release.romfs >/dev/null
mpremote-romfs query --partition 1 >said
grep -q '^    module1.mpy' said || fail "query: $(cat said)"
mpremote connect "$MPREMOTE_DEVICE" exec "import sys; print(sys.path)" >said
for path in /romfs0 /romfs0/lib /romfs1 /romfs1/lib /rom /rom/lib; do
	grep -qF "'$path'" said || fail "$path is not on sys.path: $(cat said)"
done

# --- Testing ---
assert_equal 'contents' "ROMFS contents:
  config.mpy
  data
  lib
  main.mpy" "$(mpremote connect "$MPREMOTE_DEVICE" exec "
import os
print('ROMFS contents:')
for item in os.listdir('/romfs1'):
    print(f'  {item}')
" | tr -d '\r')"
assert_equal 'import' 'Import failed: no module named '"'helper'" "$(mpremote connect "$MPREMOTE_DEVICE" exec "
try:
    import main
    print('Main module loaded successfully')
except ImportError as e:
    print(f'Import failed: {e}')
" | tr -d '\r')"
cp src/lib/helper.py project/lib/
mpremote-romfs deploy --partition 1 project/ >/dev/null
assert_equal 'import' 'Main module loaded successfully' "$(mpremote connect "$MPREMOTE_DEVICE" exec "
try:
    import main
    print('Main module loaded successfully')
except ImportError as e:
    print(f'Import failed: {e}')
" | tr -d '\r')"
stop_line
