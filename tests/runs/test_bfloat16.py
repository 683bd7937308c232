"""The doctor's line about bfloat16."""

from gan_keras.runs import doctor


def test_the_units_are_read_from_the_processors_flags(tmp_path):
    path = tmp_path / "cpuinfo"
    for units in (["amx_bf16", "avx512_bf16"], ["avx512_bf16"], []):
        path.write_text(f"processor\t: 0\nflags\t\t: {' '.join(['fpu', 'avx2', *units])}\nbugs\t\t: amx_bf16\n")
        assert doctor.units_of(path) == units


def test_without_that_file_the_units_are_unknown(tmp_path):
    assert doctor.units_of(tmp_path / "none") is None
    assert "known on Linux only" in doctor.describe_bfloat16(None, run_python=None)


def test_the_benefit_is_measured_only_if_there_are_units():
    asked = []

    def run_python(code):
        asked.append(code)
        return True, "0.008 0.030 0.002 0.020"

    assert "no matrix units" in doctor.describe_bfloat16([], run_python) and not asked
    found = doctor.describe_bfloat16(["amx_bf16"], run_python)
    assert "a matrix product 2.00 ms, in float32 8.00 ms (4.0 times as fast)" in found
    assert "a training step 20.00 ms, in float32 30.00 ms (1.5 times as fast)" in found
    assert "`--set precision=mixed_bfloat16` currently pays off" in found
    assert "does not pay off" in doctor.describe_bfloat16(["amx_bf16"], lambda code: (True, "0.008 0.030 0.002 0.040"))
    assert "the measurement failed: no answer" in doctor.describe_bfloat16(["amx_bf16"], lambda code: (False, "no answer"))
