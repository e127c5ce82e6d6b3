// Downloads. Names are made safe before they come here.
import { downloadName } from '../lib/escape';

export function save(content: BlobPart, type: string, name: string): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = downloadName(name, 'kernlens');
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
}
