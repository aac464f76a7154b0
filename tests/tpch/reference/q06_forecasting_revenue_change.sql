select sum(l_extendedprice * l_discount) as revenue
from lineitem
where l_shipdate >= {since} and l_shipdate < {since + 12 months}
  and l_discount between {discount} - 0.01 and {discount} + 0.01 and l_quantity < {quantity}
