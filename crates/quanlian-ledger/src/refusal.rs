//! Why a step cannot be taken: a stable code, with words in both languages.

use serde::Serialize;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $zh:literal, $en:literal;)*) => {
        /// Why a step cannot be taken.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum RefusalCode { $($(#[$doc])* $name,)* }

        impl RefusalCode {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// A stable word for programs.
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// What it means and what to do, in Chinese and in English.
            pub fn texts(self) -> (&'static str, &'static str) {
                match self { $(Self::$name => ($zh, $en),)* }
            }
        }
    };
}

codes! {
    /// A text that is empty, too long, or has signs that do not show.
    Text = "ledger_text", "文字为空、过长，或者含有不可见字符：名称不超过 500 字节，说明不超过 4000 字节",
        "a text is empty, too long or has signs that do not show: names up to 500 bytes, remarks up to 4000";
    /// More than one entry holds.
    TooMany = "ledger_too_many", "数量超过上限：请分条登记，或者作为文件上传",
        "there are more than one entry holds; enter them apart, or hand them in as a file";
    /// The ledger is full.
    Full = "ledger_full", "台账已满：当事人 1000、物品 5000、任务 2000、流转 20000、复核 20000 为上限，其余作为文件上传",
        "the ledger is full at 1,000 parties, 5,000 goods, 2,000 tasks, 20,000 movements, 20,000 verdicts; hand in the rest as a file";
    /// There is no such entry, or it was withdrawn.
    Unknown = "ledger_unknown", "没有这一条，或者已经撤回", "there is no such entry, or it was withdrawn";
    /// No role, or one twice.
    PartyRoles = "party_roles", "至少填写一种身份，同一身份只写一次", "say at least one role, and each once";
    /// Neither name nor account.
    PartyNameless = "party_nameless", "姓名或者名称不明时，至少填写一个账号", "without a name there is at least one account";
    /// A number that is none.
    PartyNumber = "party_number", "证件号码的写法不对：只含字母、数字和 - ( ) / .，不含空格",
        "a number of a paper holds letters, digits and - ( ) / . and no spaces";
    /// A check digit is wrong.
    PartyCheckDigit = "party_check_digit", "证件号码的校验码不对：请核对；证件上确实如此的，在 identifiers_despite 写明理由",
        "the check digit of a number is wrong: look again; where the paper says so, give the reason in identifiers_despite";
    /// An organisation with a person's number.
    PartyKind = "party_kind", "法人和非法人组织没有公民身份号码：请把该自然人另列为当事人",
        "an organisation has no citizen's number: enter that person as a party of their own";
    /// The same number stands at another party.
    PartyTwice = "party_twice", "同一证件号码已经登记在另一当事人名下：请更正该当事人，增加其身份",
        "another party has this number already: correct that one and add the role";
    /// Somebody acts for nobody, or in a circle.
    PartyActsFor = "party_acts_for", "被代理、代表的当事人不存在，或者互为代理",
        "the party that they act for is not there, or acts for them";
    /// Others refer to it.
    PartyInUse = "party_in_use", "还有物品、任务或者其他当事人引用该当事人：先更正它们",
        "goods, tasks or other parties refer to this one: correct those first";
    /// No quantity.
    GoodsQuantity = "goods_quantity", "数量为 1 至 10 亿的整数", "a quantity is a whole number from 1 to 1,000,000,000";
    /// No price, or a product beyond every amount.
    GoodsPrice = "goods_price", "单价不得为负，数量乘以单价不得超出金额范围", "a price is not negative, and quantity times price is an amount";
    /// In the future.
    GoodsFuture = "goods_future", "日期在今天以后", "the day is after today";
    /// Of whom they were taken is not there.
    GoodsFrom = "goods_from", "被采取措施的当事人不存在", "the party from whom they were taken is not there";
    /// They were moved already.
    GoodsMoved = "goods_moved", "物品已经流转，不能再改数量、日期、保管人、地点或者撤回：请用流转登记",
        "they were moved already, so quantity, day, holder and place stay, and they are not withdrawn: enter a movement";
    /// There is no such lot.
    LotUnknown = "goods_lot_unknown", "没有这一批次", "there is no such lot";
    /// More than the lot holds.
    LotQuantity = "goods_lot_quantity", "数量超过该批次现有数量", "the lot holds less than that";
    /// They are gone.
    GoodsGone = "goods_gone", "该批次已经退还、销毁、变卖或者灭失", "this lot was returned, destroyed, sold or lost";
    /// An earlier day than the movement before.
    GoodsOrder = "goods_order", "日期早于上一次流转或者取得之日", "the day is before the last movement or the taking";
    /// Away for examination.
    GoodsOut = "goods_out", "该批次在外送检：先登记收回", "this lot is away for examination: enter first that it was taken back";
    /// Not away.
    GoodsNotOut = "goods_not_out", "该批次没有送检，无从收回", "this lot was not sent away, so it is not taken back";
    /// Whoever gives them does not hold them.
    GoodsNotHolder = "goods_not_holder", "移交人不是现在的保管人：请核对；确有其事的，在 irregular 写明理由",
        "whoever gives them is not who holds them: look again; if it was so, give the reason in irregular";
    /// A paper is missing.
    GoodsPaper = "goods_paper", "移交、退还、销毁、变卖须写明文书编号；没有的，在 irregular 写明理由",
        "handing over, return, destruction and sale name their paper; without one give the reason in irregular";
    /// A witness is missing.
    GoodsWitness = "goods_witness", "销毁须有见证人；没有的，在 irregular 写明理由",
        "destruction has a witness; without one give the reason in irregular";
    /// It has ended.
    TaskEnded = "task_ended", "任务已经结束：先恢复", "the task has ended: take it up again first";
    /// It is open.
    TaskOpen = "task_open", "任务没有结束", "the task has not ended";
    /// A report that is none of this matter.
    MatchReport = "match_report", "本办件没有这份比对报告，或者报告已经撤回", "the matter has no such report of matches, or it was withdrawn";
    /// The report has no such line, or it names others.
    MatchUnknown = "match_unknown", "比对报告没有这一条，或者该条不是这件嫌疑文件与这件作品：请刷新后再试",
        "the report has no such line, or it is of another suspect or work: look again";
}

impl Serialize for RefusalCode {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

/// One thing that stands against a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// The place of the step among those that were sent, from 0.
    pub step: usize,
    /// Why.
    pub code: RefusalCode,
    /// The entry that it is about, when there is one.
    pub about: Option<String>,
}

/// Everything that stands against some steps; none of them was taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} things stand against these steps", .0.len())]
pub struct Refused(pub Vec<Refusal>);
