using SelfAdapt.Engine.Cpu;

namespace SelfAdapt.Tests.Engine;

[TestClass]
internal sealed class WorkerPoolTests
{
    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    [DataRow(8)]
    public void For_ManyRounds_RunsEveryTaskOnceBeforeItReturns(int threads)
    {
        using WorkerPool pool = new(threads);
        for (int round = 0; round < 300; round++)
        {
            int[] runs = new int[round % 7];
            pool.For(runs.Length, i => Interlocked.Increment(ref runs[i]));
            Assert.IsTrue(runs.All(r => r == 1));
        }
    }

    [TestMethod]
    public void For_TaskThatFails_IsReportedAfterTheOthers()
    {
        using WorkerPool pool = new(3);
        int done = 0;
        void Body(int i)
        {
            if (i == 2)
            {
                throw new ArithmeticException("third");
            }

            Interlocked.Increment(ref done);
        }

        ArithmeticException e = Assert.ThrowsExactly<ArithmeticException>(() => pool.For(9, Body));
        StringAssert.Contains(e.Message, "third", StringComparison.Ordinal);
        Assert.AreEqual(8, done);

        pool.For(2, _ => Interlocked.Increment(ref done));
        Assert.AreEqual(10, done);
    }
}
