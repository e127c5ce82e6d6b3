// Resident, shared and swapped bytes of every process. A page is shared when
// page tables of more than one process lead to it.
export const MEMORY_SQL = `
SELECT m.tgid, m.comm,
  sum(CASE WHEN m.state IN ('present', 'prot_none') THEN m.bytes ELSE 0 END) AS resident,
  sum(CASE WHEN u.n > 1 AND m.state IN ('present', 'prot_none') THEN m.bytes ELSE 0 END) AS shared,
  sum(CASE WHEN m.state = 'swapped' THEN m.bytes ELSE 0 END) AS swapped
FROM mappings m LEFT JOIN (
  SELECT pfn, count(DISTINCT tgid) AS n FROM mappings WHERE pfn IS NOT NULL GROUP BY pfn HAVING n > 1) u ON u.pfn = m.pfn
GROUP BY m.tgid`;
