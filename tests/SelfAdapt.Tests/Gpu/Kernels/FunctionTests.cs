extern alias simulated;
using SelfAdapt.Engine;
using simulated::SelfAdapt.Kernels;

namespace SelfAdapt.Tests.Gpu.Kernels;

/// <summary>The written-out functions against the runtime's.</summary>
[TestClass]
internal sealed class FunctionTests
{
    private const int Points = 4000;

    [TestMethod]
    public void Exp_WholeRange_IsWithinTwoRoundings() => AssertClose(-700, 700, Math.Exp, Functions.Exp, 5e-16);

    [TestMethod]
    public void Log_ManyMagnitudes_IsWithinTwoRoundings() =>
        AssertClose(-200, 200, Math.Abs, x => x < 0 ? -Functions.Log(Math.Exp(x)) : Functions.Log(Math.Exp(x)), 1e-13);

    [TestMethod]
    public void Log_UnitInterval_IsWithinRoundings() => AssertClose(1e-7, 1, Math.Log, Functions.Log, 5e-16);

    [TestMethod]
    public void LogOnePlus_UnitInterval_ReversesExp()
    {
        Assert.AreEqual(1e-9 - 5e-19, Functions.LogOnePlus(1e-9), 1e-24);
        AssertClose(0, 1, x => x, x => Math.Exp(Functions.LogOnePlus(x)) - 1, 0, 6e-16);
    }

    [TestMethod]
    public void CosTurn_WholeTurn_IsTheCosine()
    {
        for (int i = 0; i < Points; i++)
        {
            double v = i / (double)Points;
            Assert.AreEqual(Math.Cos(2 * Math.PI * v), Functions.CosTurn(v), 1e-15);
        }
    }

    [TestMethod]
    public void Sigmoid_FarOut_IsZeroAndOne()
    {
        Assert.AreEqual(0.5, Functions.Sigmoid(0));
        Assert.AreEqual(0, Functions.Sigmoid(-1000));
        Assert.AreEqual(1, Functions.Sigmoid(1000));
        Assert.IsTrue(double.IsNaN(Functions.Sigmoid(double.NaN)));
        Assert.AreEqual(double.PositiveInfinity, Functions.Exp(1000));
    }

    [TestMethod]
    public void Normal_ManyCounters_EqualsTheHosts()
    {
        const ulong Key = 0x9876543210ABCDEF;
        for (uint i = 0; i < Points; i++)
        {
            double expected = CounterRandom.Normal(Key, i);
            Assert.AreEqual(expected, CounterNoise.Normal(0x10ABCDEF, 0x98765432, i), 1e-14);
        }
    }

    private static void AssertClose(
        double from, double to, Func<double, double> expected, Func<double, double> actual, double relative,
        double absolute = 1e-300)
    {
        for (int i = 0; i <= Points; i++)
        {
            double x = from + ((to - from) * i / Points);
            Assert.AreEqual(expected(x), actual(x), (relative * Math.Abs(expected(x))) + absolute, $"at {x}");
        }
    }
}
