// Files that hold a machine's memory, or might, in a form that kernlens does
// not read: each is refused with a line that says what it is.
#include "image/internal.h"

#define MAGIC(text, what)                                                                                          \
  { (text), sizeof(text) - 1, 0, (what) }
#define SWAP_MAGIC(text, what)                                                                                     \
  { (text), sizeof(text) - 1, KL_HEAD_SWAP, (what) }

static const struct foreign {
  char magic[24];
  uint8_t bytes;
  uint8_t offset; // in the head
  const char *what;
} known[] = {
    MAGIC("PAGEDU64", "a Windows crash dump: not a Linux guest"),
    MAGIC("PAGEDUMP", "a Windows crash dump: not a Linux guest"),
    MAGIC("HIBR", "a Windows hibernation file: not a Linux guest"),
    MAGIC("hibr", "a Windows hibernation file: not a Linux guest"),
    MAGIC("\xd0\xbe\xd0\xbe", "a VMware state file (.vmss, .vmsn): give the .vmem file beside it"),
    MAGIC("\xd1\xba\xd1\xba", "a VMware state file (.vmss, .vmsn): give the .vmem file beside it"),
    MAGIC("\xd2\xbe\xd2\xbe", "a VMware state file (.vmss, .vmsn): give the .vmem file beside it"),
    MAGIC("\xd3\xbe\xd3\xbe", "a VMware state file (.vmss, .vmsn): give the .vmem file beside it"),
    MAGIC("\x7fVirtualBox SavedState", "a VirtualBox saved state: make a core with debugvm dumpvmcore"),
    MAGIC("QEVM", "a QEMU migration stream: make a core with dump-guest-memory"),
    MAGIC("LibvirtQemudSave", "a libvirt save file: make a core with virsh dump --memory-only"),
    MAGIC("LibvirtQemudPart", "an unfinished libvirt save file"),
    MAGIC("LinuxGuestRecord", "a Xen save file"),
    MAGIC("XenSavedDomain", "a Xen save file"),
    SWAP_MAGIC("S1SUSPEND", "a Linux hibernation image: its pages are not in order and compressed"),
    SWAP_MAGIC("SWAPSPACE2", "a swap area: not memory"),
    MAGIC("QFI\xfb", "a qcow2 disk image: not memory"),
    MAGIC("KDMV", "a VMDK disk image: not memory"),
    MAGIC("makedumpfile", "a flattened file of an unknown version"),
    MAGIC("\x1f\x8b\x08", "a gzip file: decompress it first"),
    MAGIC("\xfd\x37zXZ", "an xz file: decompress it first"),
    MAGIC("\x28\xb5\x2f\xfd", "a zstd file: decompress it first"),
    MAGIC("\x04\x22\x4d\x18", "an lz4 file: decompress it first"),
    MAGIC("BZh91AY&SY", "a bzip2 file: decompress it first"),
    MAGIC("PK\x03\x04", "a zip file: unpack it first"),
    MAGIC("7z\xbc\xaf\x27\x1c", "a 7z file: unpack it first"),
};
enum { KNOWN = sizeof known / sizeof *known };

static const struct foreign *find(const uint8_t *head) {
  for (size_t i = 0; i < KNOWN; i++)
    if (!memcmp(head + known[i].offset, known[i].magic, known[i].bytes))
      return &known[i];
  return 0;
}

static bool foreign_recognise(const uint8_t *head) {
  return find(head) != 0;
}

static enum kl_status foreign_workspace(const struct kl_source *file, size_t n, const struct kl_limits *limits,
                                        uint64_t *ret) {
  (void)file, (void)n, (void)limits;
  *ret = 0; // open says what it is
  return KL_OK;
}

static enum kl_status foreign_open(struct kl_image *image) {
  uint8_t head[KL_HEAD_BYTES];
  KL_TRY(kl_image_head(&image->files[0], head));
  const struct foreign *is = find(head);
  if (!is)
    return KL_ERR_INTERNAL;
  kl_image_note(image, is->what, 0, KL_ERR_UNSUPPORTED);
  return KL_ERR_UNSUPPORTED;
}

const struct kl_container kl_container_foreign = {
    .name = "unsupported",
    .recognise = foreign_recognise,
    .workspace = foreign_workspace,
    .open = foreign_open,
};
