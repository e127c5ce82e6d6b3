export function BytesView() { return <div class="view" data-testid="view-bytes">bytes</div>; }
