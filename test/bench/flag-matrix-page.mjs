/** Runs in the page of the console: scrolls the matrix as a user would and times what the user sees. */
globalThis.matrixBench = {
  /**
   * Scrolls by so many pixels a frame; turns round after so many frames, and at an edge.
   * @returns the intervals between frames in milliseconds.
   */
  async scroll(right, down, frames, milliseconds) {
    const grid = document.querySelector('[data-matrix-scroll]');
    const intervals = [];
    let direction = 1;
    let before = await nextFrame();
    const end = before + milliseconds;
    while (before < end) {
      const [left, top] = [grid.scrollLeft, grid.scrollTop];
      grid.scrollBy({ left: direction * right, top: direction * down, behavior: 'instant' });
      const isAtEdge = grid.scrollLeft === left && grid.scrollTop === top;
      if (isAtEdge || intervals.length % frames === frames - 1) direction = -direction;
      const now = await nextFrame();
      intervals.push(now - before);
      before = now;
    }
    return intervals;
  },

  /**
   * Jumps to a place where nothing has been read yet, in parts of the whole.
   * @returns milliseconds until every cell in view has its value.
   */
  async fill(x, y) {
    const grid = document.querySelector('[data-matrix-scroll]');
    const startedAt = performance.now();
    grid.scrollTo({ left: x * grid.scrollWidth, top: y * grid.scrollHeight, behavior: 'instant' });
    // The frame after the jump shows the cells of the new place, empty at first.
    await nextFrame();
    await nextFrame();
    while (!isFilled(grid)) await nextFrame();
    return performance.now() - startedAt;
  },

  size() {
    const grid = document.querySelector('[data-matrix-scroll]');
    return [Number(grid.ariaRowCount) - 1, Number(grid.ariaColCount) - 1];
  },
};

const nextFrame = () => new Promise((resolve) => requestAnimationFrame(resolve));

function isFilled(grid) {
  const view = grid.getBoundingClientRect();
  const cells = [...grid.querySelectorAll('[role="gridcell"]')].filter((cell) => {
    const { left, right, top, bottom } = cell.getBoundingClientRect();
    return right > view.left && left < view.right && bottom > view.top && top < view.bottom;
  });
  return cells.length > 0 && cells.every((cell) => !('loading' in cell.dataset));
}
