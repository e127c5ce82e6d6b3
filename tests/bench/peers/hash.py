"""drgn: a line for each of the first elements of the BPF hash map called million; all would take minutes."""
from itertools import islice

from drgn import container_of
from drgn.helpers.linux.bpf import bpf_map_for_each
from drgn.helpers.linux.list_nulls import hlist_nulls_for_each_entry

FIRST = 50000


def elements(map_):
    table = container_of(map_, "struct bpf_htab", "map")
    key_bytes = (map_.key_size.value_() + 7) & ~7
    size = key_bytes + map_.value_size.value_()
    for i in range(table.n_buckets.value_()):
        head = table.buckets[i].head.address_of_()
        for element in hlist_nulls_for_each_entry("struct htab_elem", head, "hash_node"):
            data = prog.read(element.key.address_of_().value_(), size)      # noqa: F821: drgn sets prog
            yield data[:4].hex(), data[key_bytes:].hex()


for map_ in bpf_map_for_each(prog):     # noqa: F821
    if map_.name.string_() == b"million":
        for key, value in islice(elements(map_), FIRST):
            print(key, value)
