#!/usr/bin/env python3
"""Each gate refuses what it is there to refuse, and lets the right form pass.

Compiles small wrong sources with the core's own flags: COMPILER, NM and FLAGS_FILE come from the
environment, as CMake has them.
"""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True

import calls        # noqa: E402
import hardened     # noqa: E402
import objects      # noqa: E402
import sources      # noqa: E402

COMPILER = os.environ.get("COMPILER", "gcc")
NM = os.environ.get("NM", "nm")
FLAGS = Path(os.environ["FLAGS_FILE"]).read_text(encoding="utf-8").split(";")
FLAGS = [flag for flag in FLAGS if flag and flag != "-Werror"]


def compiled(folder, source, *flags):
    """The object of a source; the call graph stands next to it."""
    place = Path(folder) / "wrong.c"
    place.write_text(source, encoding="utf-8")
    subprocess.run([COMPILER, *FLAGS, *flags, "-c", place, "-o", place.with_suffix(".o")], check=True,
                   capture_output=True, text=True)
    return str(place.with_suffix(".o"))


class Objects(unittest.TestCase):
    def told(self, source):
        with tempfile.TemporaryDirectory() as folder:
            return "\n".join(objects.findings(NM, [compiled(folder, source)]))

    def test_a_core_function_passes(self):
        self.assertEqual("", self.told("""
            void *memcpy(void *, const void *, unsigned long);
            extern const char *const kl_names[];
            const char *const kl_names[] = {"a", "b"};
            static const int widths[] = {1, 2, 4};
            extern int kl_width(int, void *, void *);
            int kl_width(int i, void *a, void *b) { memcpy(a, b, 300); return widths[i & 1]; }"""))

    def test_a_function_of_libc_is_found(self):
        self.assertIn("needs strlen", self.told(
            "unsigned long strlen(const char *); extern unsigned long kl_f(const char *);"
            "unsigned long kl_f(const char *s) { return strlen(s); }"))

    def test_a_writable_global_is_found(self):
        self.assertIn("kl_count is a writable global", self.told("extern int kl_count; int kl_count;"))
        self.assertIn("kl_count is a writable global", self.told("extern int kl_count; int kl_count = 3;"))
        self.assertIn("kl_p is a writable global", self.told("extern const char *kl_p; const char *kl_p = \"a\";"))

    def test_a_writable_static_is_found(self):
        self.assertIn("count is a writable global", self.told(
            "static int count; extern int *kl_f(void); int *kl_f(void) { return &count; }"))

    def test_a_static_of_a_function_is_found(self):
        self.assertIn("is a static inside a function", self.told(
            "extern int kl_f(int); int kl_f(int i) { static const int w[] = {7, 5, 3}; return w[i]; }"))

    def test_a_name_without_the_prefix_is_found(self):
        self.assertIn("exports helper", self.told("extern int helper(void); int helper(void) { return 1; }"))


class Flags(unittest.TestCase):
    def refused(self, source, because):
        with tempfile.TemporaryDirectory() as folder:
            with self.assertRaises(subprocess.CalledProcessError) as caught:
                compiled(folder, source, "-Werror")
            self.assertIn(because, caught.exception.stderr)

    def test_a_variable_length_array_is_refused(self):
        self.refused("extern int kl_f(int); int kl_f(int n) { char a[n]; a[0] = 1; return a[0]; }", "vla]")

    def test_a_large_frame_is_refused(self):
        self.refused("extern void kl_g(char *); extern void kl_f(void); void kl_f(void) { char a[4096]; kl_g(a); }",
                     "frame-larger-than")

    def test_a_silent_narrowing_is_refused(self):
        self.refused("extern int kl_f(long); int kl_f(long n) { return n; }", "conversion")

    def test_a_header_of_libc_is_not_needed_for_size_t(self):
        with tempfile.TemporaryDirectory() as folder:
            compiled(folder, "#include <stddef.h>\nextern size_t kl_f(void); size_t kl_f(void) { return 0; }")


class Calls(unittest.TestCase):
    def told(self, source, reviewed=""):
        with tempfile.TemporaryDirectory() as folder:
            try:
                graph = Path(compiled(folder, source, "-O0", "-fcallgraph-info=su", "-Wno-vla")).with_suffix(".ci")
            except subprocess.CalledProcessError:
                self.skipTest("the compiler writes no call graph")
            found, deepest = calls.findings([graph.read_text()], calls.read_reviewed(reviewed))
            return "\n".join(found) or deepest

    ALONE = "extern int kl_f(int); int kl_f(int n) { return n + 1; }"
    CALLBACK = ("extern int kl_f(int (*)(int), int); static int g(int n) { return kl_f(g, n); }"
                "int kl_f(int (*f)(int), int n) { return n ? f(n) : g(n); }")
    POINTER = "extern int kl_f(int (*)(int), int); int kl_f(int (*f)(int), int n) { return f(n); }"

    def test_a_plain_function_passes_and_its_stack_is_told(self):
        self.assertRegex(self.told(self.ALONE), r"^1 functions, the deepest chain takes \d+ bytes of stack: kl_f$")

    def test_direct_recursion_is_found(self):
        self.assertIn("recursion: kl_f -> kl_f", self.told(
            "extern int kl_f(int); int kl_f(int n) { return n ? kl_f(n - 1) : 0; }"))

    def test_recursion_of_two_is_found(self):
        self.assertIn("recursion: ", self.told(
            "static int g(int n); extern int kl_f(int); int kl_f(int n) { return g(n); }"
            "static int g(int n) { return n ? kl_f(n - 1) : 0; }"))

    def test_recursion_through_a_pointer_is_found(self):
        self.assertIn("recursion: ", self.told(self.POINTER, "kl_f kl_f"))

    def test_a_call_through_a_pointer_wants_a_review(self):
        self.assertIn("kl_f calls through a pointer", self.told(self.POINTER))
        self.assertIn("1 functions", self.told(self.POINTER, "kl_f outside"))

    def test_a_stale_review_is_found(self):
        self.assertIn("kl_f makes no indirect call", self.told(self.ALONE, "kl_f outside"))
        self.assertIn("no function is named kl_gone", self.told(self.POINTER, "kl_f kl_gone"))

    def test_a_function_in_a_table_wants_a_review(self):
        source = ("static int g(int n) { return n; } extern int (*const kl_table[])(int);"
                  "int (*const kl_table[])(int) = {g};")
        with tempfile.TemporaryDirectory() as folder:
            names = list(calls.tabled([compiled(folder, source, "-fPIC")]))
        self.assertEqual(["g"], names)
        self.assertIn("the address of g stands in a table", "".join(calls.unreviewed(names, {"kl_f": ["outside"]})))
        self.assertEqual("", "".join(calls.unreviewed(names, {"kl_f": ["g"]})))

    def test_a_frame_of_unknown_size_is_found(self):
        self.assertIn("whose size is not fixed", self.told(
            "extern int kl_f(int); int kl_f(int n) { char a[n]; a[0] = 1; return a[0]; }"))

    def test_a_deep_stack_is_found(self):
        frames = "".join(f"static int f{i}(void) {{ char volatile a[1900]; a[0] = 1; return a[0] + f{i - 1}(); }}"
                         for i in range(1, 20))
        self.assertIn("more than 16384", self.told(
            f"static int f0(void) {{ return 0; }} {frames} extern int kl_f(void); int kl_f(void) {{ return f19(); }}"))


class Hardened(unittest.TestCase):
    PROGRAM = '#include <stdio.h>\nint main(int n, char **v) { char b[64]; sprintf(b, "%s", v[n - 1]); return b[0]; }'
    FLAGS = ("-O2", "-fPIE", "-pie", "-fstack-protector-strong", "-D_FORTIFY_SOURCE=2",
             "-Wl,-z,relro,-z,now")

    def told(self, *flags):
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder) / "program.c"
            place.write_text(self.PROGRAM, encoding="utf-8")
            subprocess.run(["gcc", *self.FLAGS, *flags, place, "-o", place.with_suffix("")], check=True,
                           capture_output=True)
            return "\n".join(hardened.findings(place.with_suffix("")))

    def test_a_hardened_program_passes(self):
        self.assertEqual("", self.told())

    def test_each_thing_left_out_is_found(self):
        for flags, because in ((("-fno-PIE", "-no-pie"), "not position independent"),
                               (("-Wl,-z,norelro",), "no read-only relocations"),
                               (("-Wl,-z,lazy",), "binds functions late"),
                               (("-z", "execstack"), "an executable stack"),
                               (("-fno-stack-protector",), "no stack protector"),
                               (("-U_FORTIFY_SOURCE",), "without _FORTIFY_SOURCE")):
            with self.subTest(flags=flags):
                self.assertIn(because, self.told(*flags))


class Sources(unittest.TestCase):
    def told(self, name, text):
        return "\n".join(sources.core_findings(name, text))

    def test_includes_that_go_down_pass(self):
        self.assertEqual("", self.told("linux/task.c", '#include "linux/task.h"\n#include "base/text.h"\n'
                                       '#include "kernlens/status.h"\n#include <stdint.h>\n'))

    def test_an_include_that_climbs_is_found(self):
        self.assertIn("a higher floor", self.told("btf/find.c", '#include "kernel/kernel.h"\n'))

    def test_a_header_of_libc_is_found(self):
        self.assertIn("a header of libc", self.told("base/text.c", "#include <string.h>\n"))

    def test_a_public_header_that_leads_inside_is_found(self):
        self.assertIn("a public header includes", self.told("include/kernlens/dump.h", '#include "base/arena.h"\n'))

    def test_an_include_without_a_floor_is_found(self):
        self.assertIn("should name its floor", self.told("image/elf.c", '#include "internal.h"\n'))

    def test_a_second_configuration_is_found(self):
        for line in ("#if KL_FAST", "#ifdef __x86_64__", "#ifndef NDEBUG"):
            self.assertIn("second configuration", self.told("base/text.c", line + "\n"))
        self.assertEqual("", self.told("base/text.h", "#ifndef KL_BASE_TEXT_H\n#define KL_BASE_TEXT_H\n#endif\n"))

    def test_a_version_test_is_found(self):
        self.assertIn("version test", self.told("linux/task.c", "if (k->release_major > 5) {}\n"))

    def test_comments_are_not_code(self):
        self.assertEqual("", self.told("linux/task.c", "// KERNEL_VERSION(5, 10, 0) has it\n/* #if */\n"))


if __name__ == "__main__":
    unittest.main()
