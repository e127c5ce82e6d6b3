// Seeds of the harnesses of what the program is made of besides the core:
// arguments, codec, extract, output.
#include <string.h>

#include "containers.h"
#include "seed_file.h"

// ── arguments ──────────────────────────────────────────────────────────────

// FNV-1a of a table's name, by which harnesses take tables (fuzz/attached.h).
static uint16_t hash_of(const char *name) {
  uint32_t hash = 2166136261;
  for (; *name; name++)
    hash = (hash ^ (uint8_t)*name) * 16777619;
  return (uint16_t)(hash ^ hash >> 16);
}

static void argument_seeds(const struct folder *to) {
  enum { COMMAND, CONDITIONS, COLUMNS, PLACE, TYPE }; // of fuzz/arguments_fuzzer.c
  static const struct {
    const char *name, *words; // blanks stand between words
    uint8_t ask;
  } rows[] = {
      {"summary", "dump.elf", COMMAND},
      {"table", "tasks dump.elf pid=1 comm=init --columns pid,comm,state --format json -n 3", COMMAND},
      {"parts", "vmas a --part b --part c --btf vmlinux --symbols System.map --root 0x1000 tgid>=7", COMMAND},
      {"struct", "struct dump.elf task_struct.comm init_task+0x40 --pid 12", COMMAND},
      {"read", "read -p 1 dump.elf v:1:0x400000 4K --raw", COMMAND},
      {"translate", "translate dump.elf p:0x1000-16", COMMAND},
      {"extract", "extract dump.elf --inode 254:0:31 --output=file -q --color never", COMMAND},
      {"extract-all", "extract dump.elf --superblock 254:0 -o folder --stats", COMMAND},
      {"sql", "sql dump.elf --rows 5 --time=3 --memory 64 --db x --tables a,b -- query", COMMAND},
      {"diff", "diff a b tasks --limit 2 --steps 9", COMMAND},
      {"help", "help tasks", COMMAND},
      {"wrong", "taks --fromat xml -z dump", COMMAND},
      {"conditions", "pid=1 pid>=0x10 comm=sw\\x61p comm<b uid", CONDITIONS},
      {"columns", "pid,comm", COLUMNS},
      {"columns-wrong", "pid,,nothing", COLUMNS},
      {"place-symbol", "init_task+0x40-8", PLACE},
      {"place-address", "0xffffffff81000000", PLACE},
      {"place-physical", "p:4096", PLACE},
      {"place-process", "v:1:0x400000", PLACE},
      {"place-wrong", "v:0x10", PLACE},
      {"place-unknown", "no_such", PLACE},
      {"type", "task_struct", TYPE},
      {"type-member", "task_struct.comm", TYPE},
      {"type-number", "#4", TYPE},
      {"type-unknown", "union.x", TYPE},
      {"type-module", "module:list_head", TYPE},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct bytes b = {0};
    bytes_put(&b, rows[i].words, strlen(rows[i].words));
    for (size_t at = 0; at < b.n; at++)
      b.p[at] = b.p[at] == ' ' ? 0 : b.p[at];
    uint16_t table = hash_of("tasks");
    uint8_t options[3] = {rows[i].ask, (uint8_t)table, (uint8_t)(table >> 8)};
    write_seed(to, "arguments", rows[i].name, &b, options, sizeof options);
  }
}

// ── codec ──────────────────────────────────────────────────────────────────

static uint32_t masked_crc32c(const uint8_t *p, size_t n) {
  uint32_t value = 0xffffffff;
  for (size_t i = 0; i < n; i++) {
    value ^= p[i];
    for (int bit = 0; bit < 8; bit++)
      value = value >> 1 ^ (value & 1 ? 0x82f63b78 : 0);
  }
  value = ~value;
  return (value >> 15 | value << 17) + 0xa282ead8;
}

enum { FRAMED = 2048 }; // bytes of a chunk, digits all

static void digits(uint8_t *p) {
  for (size_t i = 0; i < FRAMED; i++)
    p[i] = (uint8_t)('0' + i % 10);
}

// Snappy: ten literals, and copies of what is ten bytes back (format_description.txt).
static void snappy_block(struct bytes *b) {
  bytes_number(b, (FRAMED & 127) | 128, 1);
  bytes_number(b, FRAMED >> 7, 1);
  bytes_number(b, (10 - 1) << 2, 1);
  bytes_put(b, "0123456789", 10);
  for (size_t left = FRAMED - 10; left;) {
    size_t n = left < 64 ? left : 64;
    bytes_number(b, (n - 1) << 2 | 2, 1);
    bytes_number(b, 10, 2);
    left -= n;
  }
}

static void frame(struct bytes *b, bool compressed) {
  struct bytes block = {0};
  uint8_t plain[FRAMED];
  digits(plain);
  if (compressed)
    snappy_block(&block);
  else
    bytes_put(&block, plain, sizeof plain);
  bytes_number(b, (block.n + 4) << 8 | !compressed, 4);
  bytes_number(b, masked_crc32c(plain, sizeof plain), 4);
  bytes_put(b, block.p, block.n);
}

// A block of AVML: header, frames, their length.
static void avml(struct bytes *b) {
  enum { FRAMES = 4 };
  bytes_number(b, 0x4c4d5641, 4);
  bytes_number(b, 2, 4);
  bytes_number(b, 0x1000, 8);
  bytes_number(b, 0x1000 + FRAMES * FRAMED - 1, 8);
  bytes_number(b, 0, 8);
  size_t start = b->n;
  bytes_put(b, "\xff\x06\0\0sNaPpY", 10);
  for (int i = 0; i < FRAMES; i++)
    frame(b, i != 1);
  bytes_number(b, b->n - start, 8);
}

static void codec_seeds(const struct folder *to) {
  enum { ZLIB, LZO, SNAPPY, ZSTD, FRAME, IMAGE }; // kl_method, and fuzz/codec_fuzzer.c
  uint8_t options[5] = {0, 0, 16};                // what is asked; 4096 bytes of room
  struct bytes zlib = {0}, lzo = {0}, snappy = {0}, raw = {0}, frames = {0}, image = {0};
  static uint8_t text[600];
  for (size_t i = 0; i < sizeof text; i++)
    text[i] = (uint8_t)((uint8_t) "some text "[i % 10] + i / 97);
  deflate(text, sizeof text, &zlib);
  write_seed(to, "codec", "zlib", &zlib, options, sizeof options);
  options[0] = LZO; // ten literals; four bytes from ten back (M2); the end
  bytes_number(&lzo, 17 + 10, 1);
  bytes_put(&lzo, "0123456789", 10);
  bytes_number(&lzo, (4 - 1) << 5 | (9 & 7) << 2, 1);
  bytes_number(&lzo, 9 >> 3, 1);
  bytes_put(&lzo, "\x11\0\0", 3);
  write_seed(to, "codec", "lzo", &lzo, options, sizeof options);
  options[0] = SNAPPY;
  snappy_block(&snappy);
  write_seed(to, "codec", "snappy", &snappy, options, sizeof options);
  options[0] = ZSTD; // RFC 8878: a segment of 30 bytes: a raw block of 20, then one byte ten times
  bytes_number(&raw, 0xfd2fb528, 4);
  bytes_number(&raw, 0x20, 1);
  bytes_number(&raw, 30, 1);
  bytes_number(&raw, 20 << 3, 3);
  bytes_put(&raw, "01234567890123456789", 20);
  bytes_number(&raw, 10 << 3 | 1 << 1 | 1, 3);
  bytes_number(&raw, 'x', 1);
  write_seed(to, "codec", "zstd", &raw, options, sizeof options);
  options[0] = FRAME;
  frame(&frames, true);
  write_seed(to, "codec", "frame", &frames, options, sizeof options);
  static const uint8_t image_options[1] = {IMAGE};
  avml(&image);
  write_seed(to, "codec", "avml", &image, image_options, sizeof image_options);
}

// ── extract ────────────────────────────────────────────────────────────────

static void extract_seeds(const struct folder *to) {
  static const struct {
    const char *name, *paths; // newlines stand between paths
    uint8_t links;
  } rows[] = {
      {"plain", "/etc/passwd\n/usr/lib/x (deleted)\n/etc/passwd", 0},
      {"upwards", "../outside/x\n/../../..\na/./b\n..\n.\n//\n", 0},
      {"folders-and-files", "a/b\na\na/b/c\na/b\na~1/b", 0},
      {"links", "a/file\nb\na\nb/file", 1},
      {"hidden", "x\x1b[2J\x7f\n\xe2\x80\xaetxt\n\xff\xfe\n..\\..\\x\n\xc2\x9b", 0},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct bytes b = {0};
    for (const char *p = rows[i].paths;; p++) {
      size_t n = strcspn(p, "\n");
      bytes_number(&b, n, 2);
      bytes_put(&b, p, n);
      p += n;
      if (!*p)
        break;
    }
    write_seed(to, "extract", rows[i].name, &b, &rows[i].links, 1);
  }
  struct bytes deep = {0};
  bytes_number(&deep, 150, 2);
  for (int i = 0; i < 75; i++)
    bytes_put(&deep, "d/", 2);
  bytes_number(&deep, 300, 2);
  for (int i = 0; i < 300; i++)
    bytes_put(&deep, "n", 1);
  write_seed(to, "extract", "deep-and-long", &deep, NULL, 0);
}

// ── output ─────────────────────────────────────────────────────────────────

// Columns of every kind, and three rows: fuzz/output_fuzzer.c says how.
static void output_seeds(const struct folder *to) {
  enum { KINDS = 8, TEXT = 4, BYTES = 5, FORMATS = 4 };
  static const char *const texts[] = {"plain", "a \"quote\", a comma", "\x1b[31m\xe2\x80\xae\r\n\xff \xe6\x97\xa5"};
  static const char *const names[FORMATS] = {"table", "json", "ndjson", "csv"};
  for (unsigned variant = 0; variant < 2 * FORMATS; variant++) {
    struct bytes b = {0};
    bytes_number(&b, KINDS - 1, 1);
    for (unsigned i = 0; i < KINDS; i++)
      bytes_number(&b, i, 1);
    for (unsigned row = 0; row < 3; row++)
      for (unsigned i = 0; i < KINDS; i++) {
        size_t n = strlen(texts[row]);
        bytes_number(&b, i == row ? row % 2 : i == TEXT || i == BYTES ? n + 2 : 2, 1);
        if (i == row)
          continue;
        if (i == TEXT || i == BYTES)
          bytes_put(&b, texts[row], n);
        else
          bytes_number(&b, row == 2 ? 0xffffffffffffff00 + i : 1000 * (row + i), 8);
      }
    uint8_t options[3] = {(uint8_t)(variant % FORMATS), variant < FORMATS ? 0 : 3,
                          60}; // format; terminal, colours; width
    write_seed(to, "output", print("%s-%s", names[variant % FORMATS], variant < FORMATS ? "file" : "terminal"), &b,
               options, sizeof options);
  }
  struct bytes upright = {0};
  static const uint8_t rows[] = {2, 4, 0, 4, 5, 'o', 'n', 'e', 2, 1, 2, 3, 4, 5, 6, 7, 8, 5, 't', 'w', 'o'};
  bytes_put(&upright, rows, sizeof rows);
  static const uint8_t options[3] = {0, 7, 30};
  write_seed(to, "output", "upright", &upright, options, sizeof options);
}

void program_seeds(const struct folder *to) {
  argument_seeds(to);
  codec_seeds(to);
  extract_seeds(to);
  output_seeds(to);
}
