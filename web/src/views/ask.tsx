export function AskView() { return <div class="view" data-testid="view-ask">ask</div>; }
