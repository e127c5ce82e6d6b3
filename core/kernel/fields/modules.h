// Modules, their sections and symbols.
#ifndef KL_KERNEL_FIELDS_MODULES_H
#define KL_KERNEL_FIELDS_MODULES_H

#define KL_FIELDS_MODULES(X)                                                                                       \
  X(module, state, OPTIONAL, "CONFIG_MODULES")                                                                     \
  X(module, list, OPTIONAL, "")                                                                                    \
  X(module, name, OPTIONAL, "")                                                                                    \
  X(module, version, OPTIONAL, "")                                                                                 \
  X(module, taints, OPTIONAL, "")                                                                                  \
  X(module, refcnt, OPTIONAL, "CONFIG_MODULE_UNLOAD")                                                              \
  X(module, mem, OPTIONAL, "6.4: ac3b43283923")                                                                    \
  X(module, core_layout, OPTIONAL, "before 6.4: ac3b43283923")                                                     \
  X(module, init_layout, OPTIONAL, "before 6.4: ac3b43283923")                                                     \
  X(module, data_layout, OPTIONAL, "5.18: 01dc0386efb7, gone in 6.4")                                              \
  X(module, percpu, OPTIONAL, "CONFIG_SMP")                                                                        \
  X(module, percpu_size, OPTIONAL, "")                                                                             \
  X(module, sect_attrs, OPTIONAL, "CONFIG_KALLSYMS")                                                               \
  X(module, kallsyms, OPTIONAL, "CONFIG_KALLSYMS")                                                                 \
  X(module, syms, OPTIONAL, "")                                                                                    \
  X(module, num_syms, OPTIONAL, "")                                                                                \
  X(kernel_symbol, value_offset, OPTIONAL, "CONFIG_HAVE_ARCH_PREL32_RELOCATIONS")                                  \
  X(kernel_symbol, name_offset, OPTIONAL, "")                                                                      \
  X(kernel_symbol, value, OPTIONAL, "without it")                                                                  \
  X(kernel_symbol, name, OPTIONAL, "")                                                                             \
  X(module_memory, base, OPTIONAL, "")                                                                             \
  X(module_memory, size, OPTIONAL, "")                                                                             \
  X(module_layout, base, OPTIONAL, "")                                                                             \
  X(module_layout, size, OPTIONAL, "")                                                                             \
  X(module_layout, text_size, OPTIONAL, "")                                                                        \
  X(module_layout, ro_size, OPTIONAL, "")                                                                          \
  X(module_layout, ro_after_init_size, OPTIONAL, "")                                                               \
  X(mod_kallsyms, symtab, OPTIONAL, "")                                                                            \
  X(mod_kallsyms, num_symtab, OPTIONAL, "")                                                                        \
  X(mod_kallsyms, strtab, OPTIONAL, "")                                                                            \
  X(mod_kallsyms, typetab, OPTIONAL, "5.2: 1c7651f43777")                                                          \
  X(module_sect_attrs, nsections, OPTIONAL, "gone in 6.14")                                                        \
  X(module_sect_attrs, grp, OPTIONAL, "")                                                                          \
  X(module_sect_attrs, attrs, OPTIONAL, "")                                                                        \
  X(module_sect_attr, address, OPTIONAL, "gone in 6.14")                                                           \
  X(module_sect_attr, battr, OPTIONAL, "gone in 6.14")                                                             \
  X(attribute_group, bin_attrs, OPTIONAL, "")                                                                      \
  X(bin_attribute, attr, OPTIONAL, "")                                                                             \
  X(bin_attribute, private, OPTIONAL, "")                                                                          \
  X(attribute, name, OPTIONAL, "")

#define KL_TYPES_MODULES(X)                                                                                        \
  X(kernel_symbol)                                                                                                 \
  X(module_memory)                                                                                                 \
  X(module_sect_attr)                                                                                              \
  X(bin_attribute)

#define KL_ENUMS_MODULES(X)                                                                                        \
  X(module_state, MODULE_STATE_LIVE)                                                                               \
  X(module_state, MODULE_STATE_COMING)                                                                             \
  X(module_state, MODULE_STATE_GOING)                                                                              \
  X(module_state, MODULE_STATE_UNFORMED)                                                                           \
  X(mod_mem_type, MOD_TEXT)                                                                                        \
  X(mod_mem_type, MOD_DATA)                                                                                        \
  X(mod_mem_type, MOD_RODATA)                                                                                      \
  X(mod_mem_type, MOD_RO_AFTER_INIT)                                                                               \
  X(mod_mem_type, MOD_INIT_TEXT)                                                                                   \
  X(mod_mem_type, MOD_INIT_DATA)                                                                                   \
  X(mod_mem_type, MOD_INIT_RODATA)

#define KL_SYMBOLS_MODULES(X) X(modules, OPTIONAL)

#endif
