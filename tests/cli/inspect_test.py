"""struct, translate, read: against what the synthetic guest is known to hold."""

import json
import struct
import unittest

from program import ask, demo, generated


def one(*args):
    answer = ask(*args, "--format", "json")
    assert answer.code == 0, answer
    return json.loads(answer.out)[0]


class Translate(unittest.TestCase):
    def test_the_kernel_image_lies_where_the_truth_says(self):
        truth = generated("--machine", "demo")[1]["kernel"][0]
        row = one("translate", demo(), truth["image_base"])
        self.assertEqual(row["state"], "present")
        self.assertEqual(row["physical"], truth["image_phys"])
        self.assertEqual(row["page_table_root"], truth["page_table_root"])

    def test_symbols_and_arithmetic(self):
        truth = generated("--machine", "demo")[1]
        # Another symbol has this name too, and is not the one: kernlens knows by what lies there.
        [address] = [s["address"] for s in truth["symbols"] if s["name"] == "init_task" and s["type"] == "D"]
        row = one("translate", demo(), "init_task")
        self.assertEqual((row["address"], row["symbol"]), (address, "init_task"))
        there = one("translate", demo(), "init_task+0x20-16")
        self.assertEqual(int(there["address"], 16), int(address, 16) + 16)
        self.assertEqual(there["symbol"], "init_task+0x10")
        self.assertEqual(one("translate", demo(), f"v:{address}"), row)

    def test_what_is_not_mapped_is_said(self):
        row = one("translate", demo(), "0xffffffffffffe000")
        self.assertEqual((row["state"], row["physical"]), ("none", None))

    def test_physical_addresses_need_no_kernel(self):
        row = one("translate", demo(), "p:0x100000")
        self.assertEqual((row["physical"], row["in_dump"]), ("0x0000000000100000", "file"))

    def test_bad_addresses(self):
        for text, code, says in (("nosuchsymbol", 1, "nosuchsymbol"), ("0xzz", 2, "no address"), ("", 2, "no address"),
                                 ("init_task+", 2, "no address"), ("v:99999:0x1000", 1, "99999")):
            answer = ask("translate", demo(), text)
            self.assertEqual(answer.code, code, answer)
            self.assertIn(says, answer.err)
            self.assertEqual(answer.err.count("\n"), 1)


class Read(unittest.TestCase):
    def test_the_bytes_are_those_of_the_file(self):
        at = one("translate", demo(), "p:0x100000")["file_offset"]
        raw = ask("read", demo(), "p:0x100000", "5000", "--raw")
        self.assertEqual(raw.code, 0)
        self.assertEqual(raw.bytes, demo().read_bytes()[at:at + 5000])
        rows = json.loads(ask("read", demo(), "p:0x100003", "0x30", "--format", "json").out)
        self.assertEqual(bytes.fromhex("".join(r["bytes"] for r in rows)), raw.bytes[3:0x33])
        self.assertEqual([len(r["bytes"]) // 2 for r in rows], [13, 16, 16, 3])  # aligned after the first

    def test_a_string_is_seen_in_the_dump(self):
        self.assertIn("|Linux version", ask("read", demo(), "linux_banner", "16").out)

    def test_gaps_are_shown_as_gaps(self):
        end = json.loads(ask("segments", demo(), "--format", "json").out)[-1]["end"]
        start = int(end, 16) - 16
        answer = ask("read", demo(), f"p:{start:#x}", "4096")
        self.assertEqual(answer.code, 4, answer)
        self.assertEqual(len(answer.out.splitlines()), 2)
        self.assertIn("??", answer.out)
        self.assertIn("4080 bytes missing", answer.err)
        rows = json.loads(ask("read", demo(), f"p:{start:#x}", "32", "--format", "json").out)
        self.assertEqual([r["bytes"] is None for r in rows], [False, True])
        raw = ask("read", demo(), f"p:{start:#x}", "4096", "--raw")
        self.assertEqual((raw.code, len(raw.bytes)), (4, 16))
        nothing = ask("read", demo(), f"p:{end}", "16")
        self.assertEqual(nothing.code, 1)

    def test_no_bytes_are_an_answer(self):
        self.assertEqual((ask("read", demo(), "linux_banner", "0").code), 0)


class Struct(unittest.TestCase):
    def test_a_declaration_has_every_member_with_its_offset(self):
        members = json.loads(ask("members", demo(), "type=list_head", "--format", "json").out)
        out = ask("struct", demo(), "list_head")
        self.assertEqual(out.code, 0, out)
        self.assertTrue(out.out.startswith("struct list_head {"), out)
        for member in members:
            self.assertRegex(out.out, rf"{member['name']};\s+/\* +{member['offset_bits'] // 8} ")

    def test_a_value_is_what_the_bytes_say(self):
        [size] = json.loads(ask("types", demo(), "name=list_head", "--columns", "bytes", "--format", "json").out)
        value = json.loads(ask("struct", demo(), "list_head", "init_task", "--format", "json").out)
        raw = ask("read", demo(), "init_task", size["bytes"], "--raw").bytes
        members = json.loads(ask("members", demo(), "type=list_head", "--format", "json").out)
        self.assertTrue({"next", "prev"} <= set(value))
        for member in members:
            if member["name"] not in ("next", "prev"):
                continue
            [bits] = struct.unpack_from("<Q", raw, member["offset_bits"] // 8)
            got = value[member["name"]]
            self.assertEqual(int(got, 16) if isinstance(got, str) else got, bits)

    def test_members_by_path(self):
        comm = ask("struct", demo(), "task_struct.comm", "init_task")
        self.assertEqual(comm.code, 0, comm)
        self.assertIn("swapper", comm.out)

    def test_what_is_not_there(self):
        for args, says in ((("no_such_type",), "no type 'no_such_type'"),
                           (("task_struct.no_such",), "no member 'no_such'"),
                           (("union task_struct",), "union task_struct")):
            answer = ask("struct", demo(), *args)
            self.assertEqual(answer.code, 1, answer)
            self.assertIn(says, answer.err)
            self.assertEqual(answer.err.count("\n"), 1)


if __name__ == "__main__":
    unittest.main()
