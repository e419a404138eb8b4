/**
 * The numbers of DWARF that describe types.
 *
 * Sources: DWARF 5, section 7.5 ("Format of Debugging Information"), tables 7.2 to 7.6; DWARF 4,
 * section 7.5, of which these are a superset. Names are those of the standard, without `DW_`.
 *
 * @module
 */

/** Table 7.2: unit types that hold what a compiler says of one source. */
export const UNIT_TYPES = { compile: 0x01, partial: 0x03 } as const

/** Table 7.3, tag encodings. */
export const TAG = {
  array_type: 0x01,
  enumeration_type: 0x04,
  member: 0x0d,
  pointer_type: 0x0f,
  structure_type: 0x13,
  subroutine_type: 0x15,
  typedef: 0x16,
  union_type: 0x17,
  subrange_type: 0x21,
  base_type: 0x24,
  const_type: 0x26,
  enumerator: 0x28,
  variable: 0x34,
  volatile_type: 0x35,
  restrict_type: 0x37,
  atomic_type: 0x47,
} as const

/** Table 7.5, attribute encodings. `bit_offset` is DWARF 3's, which DWARF 4 still allows. */
export const AT = {
  location: 0x02,
  name: 0x03,
  byte_size: 0x0b,
  bit_offset: 0x0c,
  bit_size: 0x0d,
  const_value: 0x1c,
  upper_bound: 0x2f,
  count: 0x37,
  data_member_location: 0x38,
  declaration: 0x3c,
  specification: 0x47,
  type: 0x49,
  encoding: 0x3e,
  data_bit_offset: 0x6b,
} as const

/** Table 7.6, attribute form encodings. */
export const FORM = {
  addr: 0x01,
  block2: 0x03,
  block4: 0x04,
  data2: 0x05,
  data4: 0x06,
  data8: 0x07,
  string: 0x08,
  block: 0x09,
  block1: 0x0a,
  data1: 0x0b,
  flag: 0x0c,
  sdata: 0x0d,
  strp: 0x0e,
  udata: 0x0f,
  ref_addr: 0x10,
  ref1: 0x11,
  ref2: 0x12,
  ref4: 0x13,
  ref8: 0x14,
  ref_udata: 0x15,
  sec_offset: 0x17,
  exprloc: 0x18,
  flag_present: 0x19,
  data16: 0x1e,
  line_strp: 0x1f,
  ref_sig8: 0x20,
  implicit_const: 0x21,
  loclistx: 0x22,
  rnglistx: 0x23,
} as const

/** Table 7.9: the operand is an address, which begins the place of a static variable. */
export const OP_ADDR = 0x03

/** Table 7.11: an integer constant that a lone `DW_OP_plus_uconst` adds. */
export const OP_PLUS_UCONST = 0x23

/** Table 7.11 of DWARF 5 section 7.8: encodings of base types that are no integers. */
export const ENCODING = { float: 0x04, complex_float: 0x03 } as const
