export function ProcessesView() { return <div class="view" data-testid="view-processes">processes</div>; }
