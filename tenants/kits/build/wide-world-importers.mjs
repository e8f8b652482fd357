import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseCsv } from './csv.mjs';
import { ediPartners, openingMovements, slug } from './derive.mjs';

/** Sales territories of WWI's table Application.StateProvinces, which the raw data lack. */
const territories = [
  'Far West',
  'Great Lakes',
  'Mideast',
  'New England',
  'Plains',
  'Rocky Mountain',
  'Southeast',
  'Southwest',
];

const uomOf = { Each: 'EA', Packet: 'PK', Pair: 'PR', Carton: 'CT' };

/** WWI's two rows of Sales.SpecialDeals; their quarters of 2016 are over, here they have no end. */
const specialDeals = [
  { group: 'Wingtip Toys', percent: '10', description: '10% 1st qtr USB Wingtip' },
  { group: 'Tailspin Toys', percent: '15', description: '15% 2nd qtr USB Tailspin' },
];

export function wideWorldImporters(raw) {
  const read = (name) =>
    parseCsv(new TextDecoder('windows-1252').decode(readFileSync(join(raw, 'wwi', `${name}.csv`))));
  const holdings = new Map(read('stock_item_holdings').map((holding) => [holding.StockItemID, holding]));
  const members = read('stock_item_stock_groups').map(({ StockItemID, StockGroupName }) => ({
    item_group: slug(StockGroupName),
    item: skuOf(StockItemID),
  }));
  const items = read('stock_items').map((item) => ({
    sku: skuOf(item.StockItemID),
    description: item.StockItemName,
    uom: uomOf[item.UnitPackageID],
    pack_size: Number(item.QuantityPerOuter),
    item_group: members.find((member) => member.item === skuOf(item.StockItemID))?.item_group,
    cost: holdings.get(item.StockItemID).LastCostPrice,
    list_price: item.UnitPrice,
    attributes: {
      supplier: item.SupplierName,
      ...(item.Brand && { brand: item.Brand }),
      recommendedRetailPrice: item.RecommendedRetailPrice,
      binLocation: holdings.get(item.StockItemID).BinLocation,
    },
  }));
  const buyingGroups = read('buying_groups').filter(
    ({ BuyingGroupName }) => BuyingGroupName !== 'Individual Buyers',
  );
  const accounts = accountsOf(
    buyingGroups.map((group) => group.BuyingGroupName),
    read('customer_categories').map((category) => category.CustomerCategoryName),
  );
  const stock = [...holdings].map(([id, holding]) => ({
    item: skuOf(id),
    warehouse: 'main',
    on_hand: Number(holding.QuantityOnHand),
  }));
  return {
    title: 'Wide World Importers',
    sources: [
      {
        name: 'Microsoft WideWorldImporters, rows of its stock and sales tables',
        url: 'https://github.com/microsoft/sql-server-samples',
        licence: 'MIT',
      },
    ],
    notes: [
      'Items, groups, prices, costs, holdings, buying groups and categories are as in the source.',
      'The raw data name no customers: each buying group has a head office and an account in each sales territory, and each category has individual buyers there.',
      "Not in the raw files: the names of the sales territories, the two special deals on USB novelties (10 % for Wingtip Toys, 15 % for Tailspin Toys, without end) and that toys groups are novelty shops. They follow Microsoft's sample database as we remember it.",
      'Class: head offices A, accounts of buying groups B, individual buyers C.',
      'One warehouse: the source knows bins only.',
      'EDI identities of the head offices are invented.',
    ],
    licenceFiles: [join(raw, 'wwi/LICENSE.MIT')],
    tables: {
      region: [{ code: 'united-states', name: 'United States' }],
      branch: territories.map((name) => ({ code: slug(name), name, region: 'united-states' })),
      warehouse: [{ code: 'main', name: 'Main warehouse' }],
      branch_sourcing: territories.map((name) => ({ branch: slug(name), position: 1, warehouse: 'main' })),
      buying_group: buyingGroups.map(({ BuyingGroupName: name }) => ({ code: slug(name), name })),
      account: accounts,
      item_group: read('stock_groups').map(({ StockGroupName: name }) => ({ code: slug(name), name })),
      item: items,
      item_group_member: members,
      price_rule: specialDeals.map(({ group, percent, description }) => ({
        code: `deal-usb-${slug(group)}`,
        kind: 'BUYING_GROUP_DEAL',
        description,
        buying_group: slug(group),
        item_group: slug('USB Novelties'),
        percent_off: percent,
      })),
      pricing_policy: [{ account_class: '*', floor_margin_percent: '10', floor_mode: 'CLAMP' }],
      stock,
      stock_movement: openingMovements('wide-world-importers', stock, '2016-05-31 00:00:00+00'),
      edi_partner: ediPartners(accounts.filter((account) => account.class === 'A')),
    },
  };
}

function skuOf(stockItemId) {
  return `WWI-${stockItemId.padStart(3, '0')}`;
}

function accountsOf(groups, categories) {
  const ofGroups = groups.flatMap((group, i) => {
    const category = group.endsWith('Toys') ? 'Novelty Shop' : categories[i % categories.length];
    const common = { category, buying_group: slug(group), delivery_rule: 'PARTIAL' };
    const home = territories[i % territories.length];
    return [
      {
        code: `${slug(group)}-head-office`,
        name: `${group} (Head Office)`,
        class: 'A',
        ...common,
        branch: slug(home),
      },
      ...territories.map((territory) => ({
        code: `${slug(group)}-${slug(territory)}`,
        name: `${group} (${territory})`,
        class: 'B',
        ...common,
        branch: slug(territory),
      })),
    ];
  });
  const individuals = categories.flatMap((category) =>
    territories.map((territory) => ({
      code: `individual-${slug(category)}-${slug(territory)}`,
      name: `Individual buyers: ${category} (${territory})`,
      class: 'C',
      category,
      branch: slug(territory),
      delivery_rule: 'COMPLETE',
    })),
  );
  return [...ofGroups, ...individuals];
}
