// Resident, shared and swapped bytes of every process.
export const MEMORY_SQL = 'SELECT tgid, comm, resident_bytes, shared_bytes, swapped_bytes FROM process_memory';
