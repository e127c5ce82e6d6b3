"""The guests of the lab: one row each. Everything that differs between guests is here."""

from dataclasses import dataclass

MIB = 1 << 20
GIB = 1 << 30


@dataclass(frozen=True)
class Guest:
    name: str
    arch: str                    # as uname says: x86_64, aarch64
    suite: str                   # Debian suite the kernel comes from
    package: str                 # meta package; what it depends on is what is taken
    cpu: str
    paging: str                  # what we expect, for readers; truth is in registers.json
    memory_mib: int = 512
    command_line: str = ""       # added to the kernel's; lab_wrap_log is for our init
    devices: tuple = ()          # added to QEMU's
    modules: tuple = ()          # loaded besides those every guest loads
    later: bool = False          # goes on after its dump, changes in known ways, and is dumped again


X86 = "linux-image-cloud-amd64"
ARM = "linux-image-cloud-arm64"
ARM_16K = "linux-image-arm64-16k"

GUESTS = (
    Guest("x86_64-5.10", "x86_64", "bullseye", X86, "max,la57=off",
          "4 levels, page table isolation", command_line="pti=on lab_wrap_log",
          # More processors possible than there are.
          devices=("-smp", "2,maxcpus=4")),
    Guest("x86_64-6.1", "x86_64", "bookworm", X86, "max", "5 levels", later=True),
    Guest("x86_64-6.12", "x86_64", "trixie", X86, "max,la57=off", "4 levels",
          # With these QEMU's ELF core gets a VMCOREINFO note, which makedumpfile wants.
          devices=("-device", "vmcoreinfo"), modules=("qemu_fw_cfg",)),
    # An odd number of processors.
    Guest("x86_64-sid", "x86_64", "sid", X86, "max", "5 levels", devices=("-smp", "3")),
    # 3 GiB on q35 is split: 2 GiB from 0, 1 GiB from 4 GiB.
    Guest("x86_64-6.1-hole", "x86_64", "bookworm", X86, "max", "5 levels", memory_mib=3072,
          command_line="nokaslr"),
    Guest("arm64-5.10", "aarch64", "bullseye", ARM, "cortex-a72", "4K, 48 bits",
          command_line="nokaslr"),
    # The architected pointer authentication algorithm costs TCG a lot; any other will do.
    Guest("arm64-6.1", "aarch64", "bookworm", ARM, "max,pauth-impdef=on", "4K, 48 bits, PAC",
          command_line="lab_wrap_log"),
    Guest("arm64-6.12", "aarch64", "trixie", ARM, "max,pauth-impdef=on", "4K, 52 bits"),
    Guest("arm64-sid", "aarch64", "sid", ARM, "max,pauth-impdef=on", "4K, 52 bits"),
    Guest("arm64-sid-16k", "aarch64", "sid", ARM_16K, "max,pauth-impdef=on", "16K, 52 bits"),
)

BY_NAME = {guest.name: guest for guest in GUESTS}

DEBIAN_ARCH = {"x86_64": "amd64", "aarch64": "arm64"}


def ram_ranges(guest):
    """Where RAM lies: (guest physical start, bytes, offset in memory.raw)."""
    total = guest.memory_mib * MIB
    if guest.arch == "aarch64":
        return [(GIB, total, 0)]
    # QEMU's q35: from 0xB0000000 bytes of RAM on, what is past 2 GiB moves above 4 GiB.
    if total < 0xB0000000:
        return [(0, total, 0)]
    low = 2 * GIB
    return [(0, low, 0), (4 * GIB, total - low, low)]
