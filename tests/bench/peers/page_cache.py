"""drgn: a line for each entry of the page cache that is a folio."""
from drgn.helpers.linux.list import list_for_each_entry
from drgn.helpers.linux.xarray import xa_for_each

supers = list_for_each_entry("struct super_block", prog["super_blocks"].address_of_(), "s_list")  # noqa: F821
for super_block in supers:
    for inode in list_for_each_entry("struct inode", super_block.s_inodes.address_of_(), "i_sb_list"):
        for index, entry in xa_for_each(inode.i_mapping.i_pages.address_of_()):
            if not entry.value_() & 1:
                print(inode.i_ino.value_(), index, hex(entry.value_()))
