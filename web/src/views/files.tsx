export function FilesView() { return <div class="view" data-testid="view-files">files</div>; }
