//! Goods (涉案物品): what was taken, from whom, by which measure, what it is worth on which basis, and who has held it since.
//!
//! In:  [`Goods`] as they were taken; [`Movement`]s.
//! Out: [`GoodsEntry`]: lots with their holder and place, every movement, sums by basis ([`Values`]).
//!
//! Invariants: lots together are the quantity that was taken; an end (returned, destroyed, sold, lost) is an end; a movement is not
//! earlier than the one before it.

use std::collections::BTreeMap;

use quanlian_record::{money::Fen, time::Day};
use serde::{Deserialize, Serialize};

use crate::{
    Mark, PartyId, RefusalCode, Withdrawal,
    terms::terms,
    text::{is_name, is_name_or_nothing, is_remark_or_nothing},
};

/// No entry and no movement names more files.
pub const MAX_FILES: usize = 50;
/// No lot is larger.
pub const MAX_QUANTITY: u64 = 1_000_000_000;

terms! {
    /// What they are in the matter.
    Kind {
        /// 侵权商品、复制品.
        Infringing = "infringing", "涉嫌侵权物品", "goods suspected to infringe";
        /// 商标标识、包装.
        Mark = "mark", "标识、包装", "labels and packaging";
        /// 主要用于制造的工具.
        Tool = "tool", "工具、设备", "tools and equipment";
        /// 原材料.
        Material = "material", "原材料", "materials";
        /// 电子数据存储介质.
        Medium = "medium", "存储介质", "storage media";
        /// 账册、单据.
        Books = "books", "账册、单据", "books and papers";
        /// Anything else.
        Other = "other", "其他物品", "other things";
    }
}

terms! {
    /// By which measure they were taken.
    Measure {
        /// 扣押.
        Seized = "seized", "扣押", "seized";
        /// 查封.
        SealedUp = "sealed_up", "查封", "sealed up on the spot";
        /// 先行登记保存.
        Registered = "registered", "先行登记保存", "registered and kept beforehand";
        /// 抽样取证.
        Sampled = "sampled", "抽样取证", "taken as a sample";
        /// 当事人提交、移交机关移交.
        HandedIn = "handed_in", "提交、接收", "handed in";
    }
}

terms! {
    /// On what a price stands. Which one counts is a question of law, and answered there.
    Basis {
        /// 标价.
        Marked = "marked", "标价", "marked price";
        /// 已查清的实际销售平均价格.
        SoldAverage = "sold_average", "实际销售平均价格", "average of actual sales";
        /// 市场中间价格.
        MarketMiddle = "market_middle", "市场中间价格", "middle market price";
        /// 价格认定.
        Assessed = "assessed", "价格认定", "price as assessed";
        /// 合同、账册.
        Contract = "contract", "合同、账册记载", "contract or books";
        /// 当事人陈述.
        Stated = "stated", "当事人陈述", "as stated by a party";
    }
}

terms! {
    /// What a movement is.
    MovementKind {
        /// Into a store, or from one to another.
        Stored = "stored", "入库、移库", "put into store";
        /// Away for an appraisal or an examination; they come back.
        Sent = "sent", "送检、送鉴", "sent for examination";
        /// Back from there.
        TakenBack = "taken_back", "收回", "taken back";
        /// With the matter to another agency, which holds them from then on.
        HandedOver = "handed_over", "随案移交", "handed over with the matter";
        /// Back to whom they belong, the measure being lifted.
        Returned = "returned", "解除措施、退还", "returned";
        /// 销毁.
        Destroyed = "destroyed", "销毁", "destroyed";
        /// 拍卖、变卖.
        Sold = "sold", "拍卖、变卖", "sold";
        /// Not there any more, and nobody knows where: said, not hidden.
        Lost = "lost", "灭失、短少", "lost";
    }
}

impl MovementKind {
    /// Whether nothing follows it.
    pub fn is_end(self) -> bool {
        matches!(self, Self::Returned | Self::Destroyed | Self::Sold | Self::Lost)
    }

    /// Whether it needs a paper that decides it: a number or a file.
    pub fn needs_paper(self) -> bool {
        matches!(
            self,
            Self::HandedOver | Self::Returned | Self::Destroyed | Self::Sold
        )
    }
}

/// A price for one unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// In fen.
    pub each_fen: i64,
    /// On what it stands.
    pub basis: Basis,
    /// What shows it: a file, a paper.
    pub shown_by: String,
}

/// Goods of one kind, taken at one place on one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Goods {
    /// 物品名称.
    pub name: String,
    /// What they are in the matter.
    pub kind: Kind,
    /// 品牌、商标.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brand: Option<String>,
    /// 规格型号, serial numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// How many units.
    pub quantity: u64,
    /// 计量单位: 件, 箱, 张.
    pub unit: String,
    /// What one is worth; nothing where nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    /// By which measure.
    pub measure: Measure,
    /// On which day.
    pub taken_on: Day,
    /// Where they were.
    pub found_at: String,
    /// From whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<PartyId>,
    /// The decision by which they were taken: its number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paper: Option<String>,
    /// Who has held them since.
    pub holder: String,
    /// Where.
    pub place: String,
    /// The number of the seal on them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal: Option<String>,
    /// Photographs and the like: ids of files of the matter.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// Anything else: 新旧、特征.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}

impl Goods {
    pub(crate) fn faults(&self, today: Day) -> Vec<RefusalCode> {
        let mut faults = Vec::new();
        let mut ask = |is_right: bool, code: RefusalCode| {
            if !is_right {
                faults.push(code);
            }
        };
        let needed = [&self.name, &self.unit, &self.found_at, &self.holder, &self.place];
        let may_be = [&self.brand, &self.model, &self.paper, &self.seal];
        let texts = needed.into_iter().chain(&self.files).all(|text| is_name(text))
            && may_be.into_iter().all(|text| is_name_or_nothing(text.as_ref()))
            && self.price.as_ref().is_none_or(|price| is_name(&price.shown_by))
            && is_remark_or_nothing(self.remark.as_ref());
        ask(texts, RefusalCode::Text);
        ask(
            (1..=MAX_QUANTITY).contains(&self.quantity),
            RefusalCode::GoodsQuantity,
        );
        ask(
            self.price.is_none() || self.value().is_some(),
            RefusalCode::GoodsPrice,
        );
        ask(self.taken_on <= today, RefusalCode::GoodsFuture);
        ask(self.files.len() <= MAX_FILES, RefusalCode::TooMany);
        faults
    }

    /// What all of them are worth, where a price is known and the product is an amount.
    pub fn value(&self) -> Option<Fen> {
        let price = self.price.as_ref().filter(|price| price.each_fen >= 0)?;
        let quantity = i64::try_from(self.quantity).ok()?;
        price.each_fen.checked_mul(quantity).map(Fen)
    }
}

/// Goods that go from hand to hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Movement {
    /// What it is.
    pub kind: MovementKind,
    /// How many; the whole lot, if nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<u64>,
    /// On which day.
    pub on: Day,
    /// Who gives them.
    pub giver: String,
    /// Who takes them.
    pub receiver: String,
    /// Who saw it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witness: Option<String>,
    /// Where they are from then on.
    pub place: String,
    /// The number of the seal on them from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal: Option<String>,
    /// The paper that decides or confirms it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paper: Option<String>,
    /// Photographs, receipts: ids of files of the matter.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// Why it was done though something of the order is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub irregular: Option<String>,
}

impl Movement {
    /// What is wrong with it for this lot.
    pub(crate) fn faults(&self, entry: &GoodsEntry, lot: &Lot, today: Day) -> Vec<RefusalCode> {
        let mut faults = Vec::new();
        let mut ask = |is_right: bool, code: RefusalCode| {
            if !is_right {
                faults.push(code);
            }
        };
        let needed = [&self.giver, &self.receiver, &self.place];
        let may_be = [&self.witness, &self.seal, &self.paper];
        let texts = needed.into_iter().chain(&self.files).all(|text| is_name(text))
            && may_be.into_iter().all(|text| is_name_or_nothing(text.as_ref()))
            && is_remark_or_nothing(self.irregular.as_ref());
        ask(texts, RefusalCode::Text);
        ask(self.files.len() <= MAX_FILES, RefusalCode::TooMany);
        ask(!lot.is_gone(), RefusalCode::GoodsGone);
        let quantity = self.quantity.unwrap_or(lot.quantity);
        ask((1..=lot.quantity).contains(&quantity), RefusalCode::LotQuantity);
        ask(self.on <= today, RefusalCode::GoodsFuture);
        ask(
            self.on >= lot.since && self.on >= entry.goods.taken_on,
            RefusalCode::GoodsOrder,
        );
        let is_out = lot.by == Some(MovementKind::Sent);
        let is_way_back = matches!(self.kind, MovementKind::TakenBack | MovementKind::Lost);
        ask(!is_out || is_way_back, RefusalCode::GoodsOut);
        ask(
            is_out || self.kind != MovementKind::TakenBack,
            RefusalCode::GoodsNotOut,
        );
        if self.irregular.is_none() {
            // A lot that is lost was last with its holder, and nobody gives it.
            let is_held = self.giver == lot.holder || self.kind == MovementKind::Lost;
            ask(is_held, RefusalCode::GoodsNotHolder);
            ask(
                !self.kind.needs_paper() || self.paper.is_some(),
                RefusalCode::GoodsPaper,
            );
            ask(
                self.kind != MovementKind::Destroyed || self.witness.is_some(),
                RefusalCode::GoodsWitness,
            );
        }
        faults
    }
}

/// Goods that are together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lot {
    /// From 1, in the order in which lots came to be.
    pub number: u32,
    /// How many.
    pub quantity: u64,
    /// Who holds them.
    pub holder: String,
    /// Where.
    pub place: String,
    /// The number of the seal on them.
    pub seal: Option<String>,
    /// By which movement they came there; nothing since they were taken.
    pub by: Option<MovementKind>,
    /// Since which day.
    pub since: Day,
}

impl Lot {
    /// Whether nothing more can be done with them.
    pub fn is_gone(&self) -> bool {
        self.by.is_some_and(MovementKind::is_end) || self.quantity == 0
    }
}

/// A movement on the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Moved {
    /// Of which lot.
    pub lot: u32,
    /// The lot that they are from then on; another one when a part was moved.
    pub to_lot: u32,
    /// What.
    pub movement: Movement,
    /// When it was entered, and by whom.
    pub mark: Mark,
}

/// Goods on the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GoodsEntry {
    /// As they were taken.
    pub goods: Goods,
    /// Who entered them.
    pub added: Mark,
    /// Who set them right last, and why.
    pub corrected: Option<Withdrawal>,
    /// Why they stand on the list no longer.
    pub withdrawn: Option<Withdrawal>,
    /// Where they are.
    pub lots: Vec<Lot>,
    /// How they came there.
    pub movements: Vec<Moved>,
}

impl GoodsEntry {
    /// Whether they were taken by a decision that is named, no movement was out of order, and none are lost.
    pub fn is_custody_complete(&self) -> bool {
        let is_lost = self.lots.iter().any(|lot| lot.by == Some(MovementKind::Lost));
        let is_irregular = self
            .movements
            .iter()
            .any(|moved| moved.movement.irregular.is_some());
        self.goods.paper.is_some() && !is_irregular && !is_lost
    }

    pub(crate) fn new(goods: Goods, added: Mark) -> Self {
        let lots = vec![Self::first_lot(&goods)];
        Self {
            goods,
            added,
            corrected: None,
            withdrawn: None,
            lots,
            movements: Vec::new(),
        }
    }

    fn first_lot(goods: &Goods) -> Lot {
        Lot {
            number: 1,
            quantity: goods.quantity,
            holder: goods.holder.clone(),
            place: goods.place.clone(),
            seal: goods.seal.clone(),
            by: None,
            since: goods.taken_on,
        }
    }

    pub(crate) fn correct(&mut self, goods: Goods, corrected: Withdrawal) {
        if self.movements.is_empty() {
            self.lots = vec![Self::first_lot(&goods)];
        }
        self.goods = goods;
        self.corrected = Some(corrected);
    }

    /// Moves; nothing when there is no such lot.
    pub(crate) fn move_lot(&mut self, lot: u32, movement: &Movement, mark: Mark) -> Option<()> {
        let next = u32::try_from(self.lots.len()).ok()?.checked_add(1)?;
        let from = self.lots.iter_mut().find(|one| one.number == lot)?;
        let quantity = movement.quantity.unwrap_or(from.quantity).min(from.quantity);
        let number = if quantity == from.quantity { lot } else { next };
        let moved = Lot {
            number,
            quantity,
            holder: movement.receiver.clone(),
            place: movement.place.clone(),
            // A seal that nobody names anew is not taken to be there still.
            seal: movement.seal.clone(),
            by: Some(movement.kind),
            since: movement.on,
        };
        if number == lot {
            *from = moved;
        } else {
            from.quantity -= quantity;
            self.lots.push(moved);
        }
        self.movements.push(Moved {
            lot,
            to_lot: number,
            movement: movement.clone(),
            mark,
        });
        Some(())
    }
}

/// What goods are worth, by the basis of their prices. Sums over different bases do not exist.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Values {
    /// Sum for each basis.
    pub by_basis: BTreeMap<Basis, Fen>,
    /// Entries of which no price is known.
    pub without_price: usize,
    /// Whether a sum is beyond every amount; then it is not there.
    pub is_beyond: bool,
}

impl Values {
    pub(crate) fn of<'a>(all: impl Iterator<Item = &'a Goods>) -> Self {
        let mut values = Self::default();
        let mut sums: BTreeMap<Basis, Option<Fen>> = BTreeMap::new();
        for goods in all {
            match (&goods.price, goods.value()) {
                (Some(price), Some(value)) => {
                    let sum = sums.entry(price.basis).or_insert(Some(Fen(0)));
                    *sum = sum.and_then(|sum| sum.checked_add(value));
                }
                _ => values.without_price += 1,
            }
        }
        for (basis, sum) in sums {
            match sum {
                Some(sum) => {
                    values.by_basis.insert(basis, sum);
                }
                None => values.is_beyond = true,
            }
        }
        values
    }
}
