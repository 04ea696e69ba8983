from linking.core.sampling import Sampler


class TestSampler:
    def test_lets_so_many_a_minute_through(self):
        sampler = Sampler(per_minute=2)
        assert [sampler.take(60.0 + second) for second in range(4)] == [0, 0, None, None]

    def test_tells_in_the_next_minute_how_many_it_left_out(self):
        sampler = Sampler(per_minute=1)
        assert [sampler.take(now_s) for now_s in (0.0, 1.0, 2.0, 60.0, 120.0)] == [0, None, None, 2, 0]
