# A real computation in a container, on a GPU that every machine has: OpenCL on the processor.
. "$(dirname "$0")/lib.sh"
[ -f /etc/OpenCL/vendors/pocl.icd ] || skip "needs PoCL (package pocl-opencl-icd)"
command -v g++ >/dev/null || skip "needs g++"

# An image with the C library, and the program: nothing of OpenCL is in it.
libraries=/usr/lib/$(uname -m)-linux-gnu
mkdir -p image/usr/bin "image$libraries" image/tmp image/lib64
ln -s usr/lib image/lib
chmod 1777 image/tmp
ok g++ -o image/usr/bin/opencl_sum "$SUIT_SOURCE_DIR/tests/gpu/opencl_sum.cpp" -l:libOpenCL.so.1
for name in libc.so.6 libm.so.6 libdl.so.2 libpthread.so.0 librt.so.1 libstdc++.so.6 libgcc_s.so.1; do
  cp -L "$libraries/$name" "image$libraries/"
done
cp -L /lib64/ld-linux-x86-64.so.2 image/lib64/ 2>/dev/null || cp -L /lib/ld-linux-aarch64.so.1 image/usr/lib/
tar -C image -cf image.tar .
ok "$SUIT" import image.tar sum:1

fails 127 "" "$SUIT" run --rm sum:1 opencl_sum
holds "without the device" "$err" libOpenCL.so.1
ok "$SUIT" run --rm --device suit.dev/softgpu=0 sum:1 opencl_sum
same "the sum of twice the numbers to 999" "$out" "0 999000"

finish
