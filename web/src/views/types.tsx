export function TypesView() { return <div class="view" data-testid="view-types">types</div>; }
