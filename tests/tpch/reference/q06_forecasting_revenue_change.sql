select sum(l_extendedprice * l_discount) as revenue
from lineitem
where l_shipdate >= {since} and l_shipdate < {since + 12 months}
  and l_discount between round({discount} - 0.01, 2) and round({discount} + 0.01, 2) and l_quantity < {quantity}
