// The tables that a module keeps of itself: ELF sections and symbols.
#include "base/bytes.h"
#include "base/checked.h"
#include "linux/module.h"

// Up to 6.13 an array of module_sect_attr with a count; then of bin_attribute,
// ended by a null in the group's list ("module: sysfs: Drop
// 'struct module_sect_attr'" in 6.14).
static enum kl_status section_old(struct kl_kernel *k, uint64_t attributes, uint64_t i, uint64_t *battr,
                                  uint64_t *address) {
  uint64_t count, first, item;
  KL_TRY(kl_get(k, attributes, KL_F_module_sect_attrs_nsections, &count));
  if (i >= count)
    return KL_END;
  KL_TRY(kl_member(k, attributes, KL_F_module_sect_attrs_attrs, &first));
  item = first + i * k->types[KL_T_module_sect_attr].bytes;
  KL_TRY(kl_member(k, item, KL_F_module_sect_attr_battr, battr));
  return kl_get(k, item, KL_F_module_sect_attr_address, address);
}

static enum kl_status section_new(struct kl_kernel *k, uint64_t attributes, uint64_t i, uint64_t *battr,
                                  uint64_t *address) {
  uint64_t group, list;
  KL_TRY(kl_member(k, attributes, KL_F_module_sect_attrs_grp, &group));
  KL_TRY(kl_get_pointer(k, group, KL_F_attribute_group_bin_attrs, &list));
  KL_TRY(kl_read_u64(k, list + 8 * i, battr));
  if (!*battr)
    return KL_END;
  return kl_get(k, *battr, KL_F_bin_attribute_private, address);
}

enum kl_status kl_module_section(struct kl_kernel *k, uint64_t module, uint64_t i, struct kl_module_section *ret) {
  uint64_t attributes, battr, attribute;
  KL_TRY(kl_get_pointer(k, module, KL_F_module_sect_attrs, &attributes));
  if (!attributes || i >= UINT16_MAX) // e_shnum has 16 bits
    return KL_END;
  bool old = kl_has(k, KL_F_module_sect_attrs_nsections) && kl_has(k, KL_F_module_sect_attr_address);
  KL_TRY(old ? section_old(k, attributes, i, &battr, &ret->address)
             : section_new(k, attributes, i, &battr, &ret->address));
  KL_TRY(kl_member(k, battr, KL_F_bin_attribute_attr, &attribute));
  return kl_get_pointer(k, attribute, KL_F_attribute_name, &ret->name);
}

enum { SYMBOL_BYTES = 24 }; // Elf64_Sym: name u32, info u8, other u8, shndx u16, value u64, size u64

enum kl_status kl_module_symbols_open(struct kl_kernel *k, uint64_t module, struct kl_module_symbols *ret) {
  uint64_t tables;
  *ret = (struct kl_module_symbols){0};
  KL_TRY(kl_get_pointer(k, module, KL_F_module_kallsyms, &tables));
  if (!tables)
    return KL_ERR_NOT_FOUND;
  KL_TRY(kl_get_pointer(k, tables, KL_F_mod_kallsyms_symtab, &ret->table));
  KL_TRY(kl_get_pointer(k, tables, KL_F_mod_kallsyms_strtab, &ret->strings));
  if (kl_has(k, KL_F_mod_kallsyms_typetab))
    KL_TRY(kl_get_pointer(k, tables, KL_F_mod_kallsyms_typetab, &ret->types));
  KL_TRY(kl_get(k, tables, KL_F_mod_kallsyms_num_symtab, &ret->count));
  return ret->count > k->limits->module_symbols ? KL_ERR_LIMIT : KL_OK;
}

enum kl_status kl_module_symbol(struct kl_kernel *k, const struct kl_module_symbols *symbols, uint64_t i,
                                struct kl_module_symbol *ret) {
  uint8_t raw[SYMBOL_BYTES];
  char first;
  if (i >= symbols->count)
    return KL_ERR_ARGUMENT;
  KL_TRY(kl_read(k, symbols->table + SYMBOL_BYTES * i, raw, sizeof raw));
  ret->name = symbols->strings + kl_le32(raw);
  ret->address = kl_le64(raw + 8);
  ret->type = 0;
  if (symbols->types)
    KL_TRY(kl_read(k, symbols->types + i, &ret->type, 1));
  KL_TRY(kl_read(k, ret->name, &first, 1));
  return first ? KL_OK : KL_ERR_NOT_FOUND;
}
