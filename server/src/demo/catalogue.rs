//! The merchants of the demo and the words from which further ones are made. All of them are invented.

/// A merchant of the demo proper, whose owner signs in.
#[derive(Clone, Copy, Debug)]
pub(super) struct NamedMerchant {
    pub(super) number: &'static str,
    pub(super) name: &'static str,
    pub(super) login: &'static str,
    pub(super) owner: &'static str,
    pub(super) phone: &'static str,
    /// Its terminals in the demo proper.
    pub(super) terminals: usize,
    /// Name and address.
    pub(super) stores: &'static [(&'static str, &'static str)],
}

/// The first one has the failure story, and more than a thousand terminals where there are many.
pub(super) const MERCHANTS: [NamedMerchant; 8] = [
    NamedMerchant {
        number: "898292720000001",
        name: "深圳盛景餐饮",
        login: "shengjing",
        owner: "陈国盛",
        phone: "0755-5550 0101",
        terminals: 24,
        stores: &[
            ("南山科技园店", "深圳市南山区科苑路15号"),
            ("福田中心城店", "深圳市福田区福华三路118号"),
            ("罗湖东门店", "深圳市罗湖区解放路2066号"),
            ("宝安海雅店", "深圳市宝安区建安一路99号"),
            ("龙岗万科店", "深圳市龙岗区龙翔大道7188号"),
        ],
    },
    NamedMerchant {
        number: "898215930000003",
        name: "北京晨光便利",
        login: "chenguang",
        owner: "王晨",
        phone: "010-5550 0103",
        terminals: 20,
        stores: &[
            ("朝阳大望路店", "北京市朝阳区西大望路27号"),
            ("海淀五道口店", "北京市海淀区成府路35号"),
            ("西城月坛店", "北京市西城区月坛南街12号"),
            ("丰台方庄店", "北京市丰台区蒲芳路9号"),
            ("通州万达店", "北京市通州区新华西街58号"),
        ],
    },
    NamedMerchant {
        number: "898291570000006",
        name: "重庆鲜果时光",
        login: "xianguo",
        owner: "刘晓燕",
        phone: "023-5550 0106",
        terminals: 16,
        stores: &[
            ("渝中解放碑店", "重庆市渝中区民权路28号"),
            ("江北观音桥店", "重庆市江北区建新北路16号"),
            ("南岸南坪店", "重庆市南岸区江南大道8号"),
            ("沙坪坝三峡广场店", "重庆市沙坪坝区小龙坎新街49号"),
        ],
    },
    NamedMerchant {
        number: "898273010000002",
        name: "苏州百草堂药业",
        login: "baicaotang",
        owner: "沈济民",
        phone: "0512-5550 0102",
        terminals: 14,
        stores: &[
            ("姑苏观前街店", "苏州市姑苏区观前街136号"),
            ("工业园区湖东店", "苏州市工业园区星湖街218号"),
            ("吴中木渎店", "苏州市吴中区中山东路70号"),
            ("虎丘狮山店", "苏州市虎丘区狮山路35号"),
        ],
    },
    NamedMerchant {
        number: "898269350000008",
        name: "杭州小满母婴",
        login: "xiaoman",
        owner: "林小满",
        phone: "0571-5550 0108",
        terminals: 12,
        stores: &[
            ("西湖文三路店", "杭州市西湖区文三路477号"),
            ("滨江星光店", "杭州市滨江区江南大道228号"),
            ("余杭良渚店", "杭州市余杭区玉鸟路1号"),
        ],
    },
    NamedMerchant {
        number: "898238060000005",
        name: "武汉老街茶业",
        login: "laojie",
        owner: "周德福",
        phone: "027-5550 0105",
        terminals: 8,
        stores: &[
            ("江汉路店", "武汉市江汉区江汉路129号"),
            ("武昌户部巷店", "武汉市武昌区户部巷8号"),
            ("汉阳钟家村店", "武汉市汉阳区汉阳大道140号"),
        ],
    },
    NamedMerchant {
        number: "898290640000007",
        name: "深圳和顺五金",
        login: "heshun",
        owner: "黄和顺",
        phone: "0755-5550 0107",
        terminals: 6,
        stores: &[
            ("龙华民治店", "深圳市龙华区民治大道366号"),
            ("光明公明店", "深圳市光明区长春路22号"),
        ],
    },
    NamedMerchant {
        number: "898273360000004",
        name: "北京山水书坊",
        login: "shanshui",
        owner: "许文山",
        phone: "010-5550 0104",
        terminals: 6,
        stores: &[
            ("东城隆福寺店", "北京市东城区隆福寺街95号"),
            ("海淀中关村店", "北京市海淀区中关村大街19号"),
        ],
    },
];

/// Merchant numbers begin with it; then five digits of the place and seven of their own.
pub(super) const NUMBER_PREFIX: &str = "898";

/// A city with its part of a merchant number and districts.
pub(super) const CITIES: [(&str, u32, [&str; 4]); 16] = [
    ("上海", 21021, ["徐汇", "静安", "浦东", "闵行"]),
    ("广州", 58101, ["天河", "越秀", "海珠", "番禺"]),
    ("成都", 65101, ["锦江", "武侯", "青羊", "成华"]),
    ("南京", 30101, ["鼓楼", "玄武", "建邺", "江宁"]),
    ("西安", 79101, ["雁塔", "碑林", "莲湖", "未央"]),
    ("天津", 11012, ["和平", "河西", "南开", "滨海"]),
    ("青岛", 45201, ["市南", "崂山", "李沧", "城阳"]),
    ("长沙", 55101, ["芙蓉", "天心", "岳麓", "开福"]),
    ("郑州", 49101, ["金水", "中原", "二七", "惠济"]),
    ("厦门", 39301, ["思明", "湖里", "集美", "海沧"]),
    ("昆明", 73101, ["五华", "盘龙", "官渡", "西山"]),
    ("沈阳", 22101, ["和平", "沈河", "皇姑", "铁西"]),
    ("济南", 45101, ["历下", "市中", "槐荫", "历城"]),
    ("合肥", 36101, ["庐阳", "蜀山", "包河", "瑶海"]),
    ("福州", 39101, ["鼓楼", "台江", "仓山", "晋安"]),
    ("宁波", 33201, ["海曙", "江北", "鄞州", "镇海"]),
];

/// What merchants are called between their city and their trade.
pub(super) const WORDS: [&str; 24] = [
    "锦绣", "万家", "鼎丰", "春和", "福满", "乐购", "百味", "同心", "金穗", "长青", "云上", "清禾", "瑞祥", "东方",
    "悦来", "恒信", "新桥", "三元", "佳惠", "晓月", "松风", "启明", "永泰", "兰亭",
];

/// What merchants trade in.
pub(super) const TRADES: [&str; 16] = [
    "餐饮", "便利", "水果", "药房", "母婴", "五金", "书店", "茶业", "火锅", "烘焙", "服饰", "眼镜", "宠物", "文具",
    "美发", "咖啡",
];

/// What stands in the name of a store behind its district.
pub(super) const PLACES: [&str; 12] = [
    "中心店",
    "万象城店",
    "火车站店",
    "大学城店",
    "老街店",
    "步行街店",
    "万达店",
    "体育馆店",
    "医院店",
    "地铁口店",
    "银泰店",
    "花园店",
];

/// Where in a store a terminal stands.
pub(super) const COUNTERS: [&str; 9] = [
    "1号收银台",
    "2号收银台",
    "3号收银台",
    "前台",
    "吧台",
    "后厨窗口",
    "外送",
    "自助区",
    "服务台",
];

/// Family names and given names of contacts.
pub(super) const FAMILY_NAMES: [&str; 16] = [
    "李", "王", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林",
];
pub(super) const GIVEN_NAMES: [&str; 16] = [
    "建国", "秀英", "伟", "芳", "敏", "静", "丽", "强", "磊", "洋", "艳", "勇", "杰", "娟", "涛", "明霞",
];

/// Firmware versions, oldest first.
pub(super) const FIRMWARES: [&str; 4] = ["1.9.12", "2.1.4", "2.3.0", "3.0.0"];

/// Versions of the payment app, oldest first.
pub(super) const APP_VERSIONS: [&str; 3] = ["5.1.8", "5.2.0", "5.2.1"];

/// Remarks of the inventory.
pub(super) const NOTES: [&str; 4] = ["备用机", "新机", "外借", "换新自旧机"];
