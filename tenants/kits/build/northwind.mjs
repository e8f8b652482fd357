import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  classesByValue,
  ediPartners,
  groupBy,
  heaviest,
  money,
  openingMovements,
  slug,
  sum,
  without,
} from './derive.mjs';

/** Offices of the employees, with the coordinates of their cities. */
const warehouses = [
  { code: 'seattle', name: 'Seattle warehouse', branch: 'seattle', latitude: 47.6062, longitude: -122.3321 },
  { code: 'london', name: 'London warehouse', branch: null, latitude: 51.5074, longitude: -0.1278 },
];

export function northwind(raw) {
  const table = readDump(join(raw, 'northwind/northwind.postgres.sql'));
  const regions = table('region').map(([id, name]) => ({ id, code: slug(name), name: name.trim() }));
  const branches = branchesOf(table('territories'), regions);
  const lines = orderLines(table('order_details'), table('orders'));
  const accounts = accountsOf(table('customers'), lines, table('employee_territories'), branches);
  const branchOf = new Map(accounts.map((account) => [account.code, account.branch]));
  const groups = table('categories').map(([id, name]) => ({ id, code: slug(name), name }));
  const items = table('products').map(
    ([id, name, , category, packing, price, stock, , reorder, discontinued]) => ({
      sku: `NW-${id.padStart(2, '0')}`,
      description: name,
      uom: 'EA',
      item_group: groups.find((group) => group.id === category).code,
      cost: money(Number(price) * 0.65),
      list_price: money(price),
      discontinued: discontinued === '1',
      attributes: { packing, reorderLevel: Number(reorder) },
      unitsInStock: Number(stock),
    }),
  );
  const stock = items.flatMap((item) => {
    const london = Math.floor(item.unitsInStock / 3);
    return [
      { item: item.sku, warehouse: 'seattle', on_hand: item.unitsInStock - london },
      { item: item.sku, warehouse: 'london', on_hand: london },
    ];
  });
  return {
    title: 'Northwind Traders',
    sources: [
      {
        name: 'Microsoft Northwind for PostgreSQL, pthom/northwind_psql @ cd0ef28',
        url: 'https://github.com/pthom/northwind_psql',
        licence: 'MS-PL',
      },
    ],
    notes: [
      'Territories are branches, regions are regions; the second New York carries its postal code.',
      'An account belongs to a territory of the employee who sold most to it; these are given out in turn.',
      'Class: value of all orders, deciles 1-2 A, 3-5 B, the others C.',
      'Derived: cost is 65 % of the list price; a third of the stock lies in London, the rest in Seattle, where the employees sit.',
      'Contract prices: the price last paid after discount for what a class A account bought three times or more, if under list.',
      'Class and quantity discounts: mean discount that the orders gave to class A, and to lines from 20 and 70 units.',
      'EDI identities of the ten accounts of highest value are invented.',
    ],
    licenceFiles: [join(raw, 'northwind/LICENSE.MS-PL')],
    tables: {
      region: regions.map(({ code, name }) => ({ code, name })),
      branch: branches.map(({ code, name, region, territory }) => ({
        code,
        name,
        region,
        attributes: { territory },
      })),
      warehouse: warehouses,
      branch_sourcing: branches.flatMap(({ code }) => [
        { branch: code, position: 1, warehouse: 'seattle' },
        { branch: code, position: 2, warehouse: 'london' },
      ]),
      account: without(accounts, 'value'),
      item_group: groups.map(({ code, name }) => ({ code, name })),
      item: without(items, 'unitsInStock'),
      item_group_member: items.map((item) => ({ item_group: item.item_group, item: item.sku })),
      price_rule: priceRules(accounts, items, lines),
      pricing_policy: [
        { account_class: '*', floor_margin_percent: '10', floor_mode: 'CLAMP' },
        { account_class: 'A', floor_margin_percent: '5', floor_mode: 'CLAMP' },
      ],
      stock,
      stock_movement: openingMovements('northwind', stock, '1998-05-06 00:00:00+00'),
      edi_partner: ediPartners([...accounts].sort((a, b) => b.value - a.value).slice(0, 10)),
      order_history_line: lines.map(({ discount, ...line }) => ({
        ...line,
        description: items.find((item) => item.sku === line.item).description,
        discount_percent: String(Math.round(discount * 100)),
        branch: branchOf.get(line.account),
      })),
    },
  };
}

/** @returns a function that gives the rows of a table of the dump as texts and nulls */
function readDump(path) {
  const rows = new Map();
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const match = /^INSERT INTO (\w+) VALUES \((.*)\);$/.exec(line);
    if (!match) continue;
    const values = [...match[2].matchAll(/'((?:[^']|'')*)'|([^,\s']+)/g)].map(([, quoted, bare]) =>
      quoted === undefined ? (bare === 'NULL' ? null : bare) : quoted.replaceAll("''", "'"),
    );
    if (!rows.has(match[1])) rows.set(match[1], []);
    rows.get(match[1]).push(values);
  }
  return (name) => rows.get(name);
}

function branchesOf(territories, regions) {
  const taken = new Set();
  return territories.map(([id, name, region]) => {
    const code = taken.has(slug(name)) ? `${slug(name)}-${id}` : slug(name);
    taken.add(code);
    return {
      code,
      name: name.trim(),
      region: regions.find((one) => one.id === region).code,
      territory: id,
    };
  });
}

function orderLines(details, orders) {
  const orderById = new Map(
    orders.map(([id, customer, employee, date]) => [id, { customer, employee, date }]),
  );
  const lineNo = new Map();
  return details
    .map(([invoice, product, price, quantity, discount]) => {
      const order = orderById.get(invoice);
      lineNo.set(invoice, (lineNo.get(invoice) ?? 0) + 1);
      return {
        invoice,
        line_no: lineNo.get(invoice),
        item: `NW-${product.padStart(2, '0')}`,
        description: null,
        qty: Number(quantity),
        unit_price: money(price),
        discount: Math.round(Number(discount) * 100) / 100,
        account: order.customer,
        branch: null,
        invoiced_at: `${order.date} 00:00:00+00`,
      };
    })
    .map((line) => Object.defineProperty(line, 'employee', { value: orderById.get(line.invoice).employee }));
}

function accountsOf(customers, lines, employeeTerritories, branches) {
  const linesOf = groupBy(lines, (line) => line.account);
  const values = new Map(customers.map(([id]) => [id, sum(linesOf.get(id) ?? [], lineValue)]));
  const classes = classesByValue(values);
  const turns = new Map();
  return customers.map(([code, name, contact, , , city, , , country], i) => {
    const seller = heaviest(linesOf.get(code) ?? [], (line) => line.employee, lineValue);
    const territories = employeeTerritories.filter(([employee]) => employee === seller).map(([, id]) => id);
    const turn = turns.get(seller) ?? 0;
    turns.set(seller, turn + 1);
    const territory = territories[turn % territories.length];
    const branch = branches.find((one) => one.territory === territory) ?? branches[i % branches.length];
    return {
      code,
      name,
      class: classes.get(code),
      category: null,
      branch: branch.code,
      delivery_rule: classes.get(code) === 'C' ? 'COMPLETE' : 'PARTIAL',
      attributes: { contact, city, country },
      value: values.get(code),
    };
  });
}

function lineValue(line) {
  return line.qty * Number(line.unit_price) * (1 - line.discount);
}

function priceRules(accounts, items, lines) {
  const rules = [];
  const classOf = new Map(accounts.map((account) => [account.code, account.class]));
  const listOf = new Map(items.map((item) => [item.sku, Number(item.list_price)]));
  const bought = groupBy(lines, (line) => `${line.account}/${line.item}`);
  for (const [key, purchases] of [...bought].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const [account, item] = key.split('/');
    if (classOf.get(account) !== 'A' || purchases.length < 3) continue;
    const last = purchases.reduce((a, b) => (b.invoiced_at > a.invoiced_at ? b : a));
    const paid = money(Number(last.unit_price) * (1 - last.discount));
    if (Number(paid) >= listOf.get(item)) continue;
    rules.push({
      code: `contract-${key.toLowerCase()}`,
      kind: 'CONTRACT',
      description: `Price of invoice ${last.invoice}`,
      account,
      item,
      unit_price: paid,
    });
  }
  const meanDiscount = (some) => String(Math.round((100 * sum(some, (line) => line.discount)) / some.length));
  rules.push({
    code: 'class-a',
    kind: 'CLASS',
    description: 'Discount of class A',
    class: 'A',
    percent_off: meanDiscount(lines.filter((line) => classOf.get(line.account) === 'A')),
  });
  for (const from of [20, 70]) {
    rules.push({
      code: `quantity-${from}`,
      kind: 'PROMO',
      description: `From ${from} units`,
      min_qty: from,
      percent_off: meanDiscount(lines.filter((line) => line.qty >= from)),
    });
  }
  return rules;
}
