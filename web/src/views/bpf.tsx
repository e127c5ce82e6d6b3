export function BpfView() { return <div class="view" data-testid="view-bpf">bpf</div>; }
