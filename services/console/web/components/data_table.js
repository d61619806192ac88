// A table, or a tree of rows, that sorts, turns pages and is patched in place, so that focus and scroll survive new figures.
export default {
  template: `
    <div class="table">
      <table :aria-label="label">
        <thead>
          <tr>
            <th v-for="col in columns" :key="col.name" :class="col.classes" :aria-sort="order(col)" scope="col">
              <button v-if="col.sortable" type="button" class="table-sort" @click="sort(col)">
                {{ col.label }}<span class="table-arrow" aria-hidden="true">{{ arrow(col) }}</span>
              </button>
              <span v-else :class="{ 'visually-hidden': col.kind === 'actions' }">{{ col.label }}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          <tr
            v-for="row in shown"
            :key="row.id"
            :class="{ 'row-open': opens }"
            :aria-level="row.level === undefined ? undefined : row.level + 1"
            :tabindex="opens ? 0 : undefined"
            @click="open(row)"
            @keydown.enter.self="open(row)"
          >
            <td v-for="col in columns" :key="col.name" :class="col.classes">
              <template v-for="cell in [row[col.name]]">
                <template v-if="!cell"></template>
                <span v-else-if="col.kind === 'badge'" :class="'badge tone-' + cell.tone" :title="cell.x">{{ cell.t }}</span>
                <span v-else-if="col.kind === 'delta'" :class="['delta', cell.tone]" :title="cell.x">{{ cell.t }}</span>
                <div v-else-if="col.kind === 'bar'" class="bar-cell" :title="cell.x">
                  <div
                    class="bar"
                    role="progressbar"
                    aria-valuemin="0"
                    aria-valuemax="100"
                    :aria-valuenow="Math.min(100, Math.round(cell.width))"
                    :aria-label="cell.x"
                  >
                    <div :class="'bar-fill tone-' + cell.tone" :style="{ width: Math.min(100, cell.width) + '%' }"></div>
                    <div v-for="tick in cell.ticks" class="bar-tick" :style="{ left: tick + '%' }"></div>
                    <div v-if="cell.mark != null" class="bar-mark" :style="{ left: Math.min(100, cell.mark) + '%' }"></div>
                  </div>
                  <span class="bar-text">{{ cell.t }}</span>
                </div>
                <template v-else-if="col.kind === 'actions'">
                  <button
                    v-for="action in cell.actions"
                    :key="action.id"
                    type="button"
                    :class="'row-button tone-' + (action.tone || 'quiet')"
                    :aria-label="action.label"
                    @click.stop="$emit('act', [action.id, row.id])"
                  >{{ action.text }}</button>
                </template>
                <div v-else :class="{ 'tree-cell': nested(col, row) }" :style="indent(col, row)">
                  <button
                    v-if="nested(col, row) && row.branch"
                    type="button"
                    class="tree-fold"
                    :aria-expanded="String(!folded[row.id])"
                    :aria-label="'Budgets within ' + cell.t"
                    @click.stop="folded[row.id] = !folded[row.id]"
                  >{{ folded[row.id] ? "▸" : "▾" }}</button>
                  <a v-if="cell.href" :href="cell.href" class="cell-link" :title="cell.x" @click.stop>{{ cell.t }}</a>
                  <span v-else :class="['cell', cell.tone]" :title="cell.x">{{ cell.t }}</span>
                  <span v-if="cell.t2" class="cell-sub">{{ cell.t2 }}</span>
                </div>
              </template>
            </td>
          </tr>
        </tbody>
      </table>
      <div v-if="pages > 1" class="table-pages">
        <span>{{ first + 1 }}–{{ Math.min(first + pageSize, rows.length) }} of {{ rows.length }}</span>
        <button type="button" class="row-button" :disabled="page === 0" @click="page--">Previous</button>
        <button type="button" class="row-button" :disabled="page >= pages - 1" @click="page++">Next</button>
      </div>
    </div>
  `,
  props: { columns: Array, rows: Array, label: String, opens: Boolean, pageSize: Number },
  emits: ["open", "act"],
  data: () => ({ by: null, down: false, page: 0, folded: {} }),
  computed: {
    sorted() {
      const rows = this.ordered;
      if (!rows.some((row) => row.level)) return rows;
      // Whatever the order, a row is followed by those within it.
      const within = {};
      for (const row of rows) (within[row.parent || ""] ??= []).push(row);
      const walk = (id) => (within[id] || []).flatMap((row) => [row, ...(this.folded[row.id] ? [] : walk(row.id))]);
      return walk("");
    },
    ordered() {
      if (!this.columns.some((col) => col.name === this.by)) return this.rows;
      const value = (row) => row[this.by]?.s ?? row[this.by]?.t ?? "";
      const compare = (a, b) =>
        typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
      return [...this.rows].sort((a, b) => compare(value(a), value(b)) * (this.down ? -1 : 1));
    },
    pages() {
      return this.pageSize ? Math.max(1, Math.ceil(this.rows.length / this.pageSize)) : 1;
    },
    first() {
      return Math.min(this.page, this.pages - 1) * this.pageSize;
    },
    shown() {
      return this.pageSize ? this.sorted.slice(this.first, this.first + this.pageSize) : this.sorted;
    },
  },
  watch: {
    pages(count) {
      this.page = Math.min(this.page, count - 1);
    },
  },
  methods: {
    nested(col, row) {
      return col.kind === "title" && row.level !== undefined;
    },
    indent(col, row) {
      return this.nested(col, row) && row.level ? { paddingLeft: row.level * 22 + "px" } : undefined;
    },
    open(row) {
      if (this.opens) this.$emit("open", row.id);
    },
    sort(col) {
      // Figures start with the largest, names with A.
      this.down = this.by === col.name ? !this.down : col.numeric;
      this.by = col.name;
      this.page = 0;
    },
    order(col) {
      return this.by === col.name ? (this.down ? "descending" : "ascending") : undefined;
    },
    arrow(col) {
      return this.by === col.name ? (this.down ? " ↓" : " ↑") : "";
    },
  },
};
