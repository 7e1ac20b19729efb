# Sourced by tests that need a host with two GPUs and no GPU: $host becomes its root, with the fake driver
# that the build made ($fake_driver), and image.tar an image of the C library and busybox.
libraries=/usr/lib/$(uname -m)-linux-gnu
version=999.88.77

make_fake_host() {
  mkdir -p "$host$libraries" "$host/usr/bin" "$host/dev" "$host/proc/driver/nvidia" "$host/sys/module/nvidia" \
    "$host/sys/module/nvidia_uvm"
  for gpu in 0 1; do
    bus=0000:0$((gpu + 6)):00.0
    mkdir -p "$host/sys/bus/pci/devices/$bus" "$host/proc/driver/nvidia/gpus/$bus"
    echo 0x10de >"$host/sys/bus/pci/devices/$bus/vendor"
    echo 0x2330 >"$host/sys/bus/pci/devices/$bus/device"
    echo 0x030200 >"$host/sys/bus/pci/devices/$bus/class"
    ln -s ../../../../bus/pci/drivers/nvidia "$host/sys/bus/pci/devices/$bus/driver"
    printf 'Model: Fake\nGPU UUID: GPU-%s\nDevice Minor: %s\n' "$gpu$gpu" "$gpu" \
      >"$host/proc/driver/nvidia/gpus/$bus/information"
    mknod -m 666 "$host/dev/nvidia$gpu" c 195 "$gpu" || skip "needs the right to make device nodes"
  done
  mknod -m 666 "$host/dev/nvidiactl" c 195 255
  mknod -m 666 "$host/dev/nvidia-uvm" c 510 0
  mknod -m 666 "$host/dev/nvidia-uvm-tools" c 510 1
  printf 'Character devices:\n195 nvidia\n510 nvidia-uvm\n' >"$host/proc/devices"
  echo "NVRM version: NVIDIA UNIX x86_64 Kernel Module  $version  Thu" >"$host/proc/driver/nvidia/version"
  cp "$fake_driver"/libcuda.so.$version "$fake_driver"/libnvidia-ml.so.$version "$host$libraries/"
  cp "$fake_driver/nvidia-smi" "$host/usr/bin/"
}

# An image that knows nothing of GPUs: the C and C++ libraries, and busybox.
make_plain_image() {
  mkdir -p image/bin "image$libraries" image/etc image/lib64
  ln -s usr/lib image/lib
  echo 'root:x:0:0:root:/:/bin/sh' >image/etc/passwd
  for name in libc.so.6 libm.so.6 libstdc++.so.6 libgcc_s.so.1; do
    cp -L "$libraries/$name" "image$libraries/"
  done
  cp -L /lib64/ld-linux-x86-64.so.2 image/lib64/ 2>/dev/null || cp -L /lib/ld-linux-aarch64.so.1 image/usr/lib/
  cp /bin/busybox image/bin/busybox
  for applet in sh ls cat mknod head wc sort test env mkdir dd; do ln -s busybox "image/bin/$applet"; done
  tar -C image -cf image.tar .
}
