extern alias simulated;

using System.Numerics;
using System.Reflection;
using simulated::ILGPU;
using simulated::SelfAdapt.KernelSimulator;

namespace SelfAdapt.Tests.Gpu.Kernels;

/// <summary>The simulator catches what a GPU lets pass.</summary>
[TestClass]
internal sealed class SimulatorTests
{
    [TestMethod]
    public void Launch_ReversalThroughSharedMemory_ReversesEachGroup()
    {
        DeviceArray<int> values = new([1, 2, 3, 4, 5, 6, 7, 8]);
        Run(nameof(Sketches.Reverse), (2, 1, 1), (4, 1, 1), values.View);
        CollectionAssert.AreEqual(new[] { 4, 3, 2, 1, 8, 7, 6, 5 }, values.Values.ToArray());
    }

    [TestMethod]
    public void Launch_BarrierMissing_ReportsTheRace() => AssertFault(
        "race", nameof(Sketches.ReverseWithoutBarrier), (1, 1, 1), (4, 1, 1), new DeviceArray<int>([1, 2, 3, 4]).View);

    [TestMethod]
    public void Launch_ReadBeforeAnotherWrites_ReportsTheRace() => AssertFault(
        "race", nameof(Sketches.ReadThenOverwrite), (1, 1, 1), (4, 1, 1), new DeviceArray<int>(4).View);

    [TestMethod]
    public void Launch_SomeThreadsSkipTheBarrier_ReportsIt() => AssertFault(
        "barrier that not every thread reaches", nameof(Sketches.SkipBarrier), (1, 1, 1), (4, 1, 1),
        new DeviceArray<int>(4).View);

    [TestMethod]
    public void Launch_IndexBehindTheEnd_NamesKernelThreadAndIndex()
    {
        SimulationException e = AssertFault(
            "index 6", nameof(Sketches.WriteOwn), (2, 1, 1), (4, 1, 1), new DeviceArray<int>(6).View);
        StringAssert.Contains(e.Message, "Sketches.WriteOwn, group (1, 0, 0), thread 2");
    }

    [TestMethod]
    public void Launch_WrongArgument_NamesTheParameter() => AssertFault(
        "parameter values", nameof(Sketches.WriteOwn), (1, 1, 1), (1, 1, 1), new DeviceArray<float>(1).View);

    [TestMethod]
    public void View_NotAlignedForItsType_IsRefused() =>
        Assert.ThrowsExactly<SimulationException>(() => new SimulatedMemory(64).View<float>(4, 8).Cast<Vector4>());

    [TestMethod]
    public void Allocate_NothingWritten_IsNotZero()
    {
        DeviceArray<float> values = new(1);
        Run(nameof(Sketches.ReadUnwritten), (1, 1, 1), (1, 1, 1), values.View);
        Assert.IsTrue(float.IsNaN(values.Values[0]));
    }

    [TestMethod]
    public void Atomic_EveryThreadAddsToOneWord_CountsThreads()
    {
        DeviceArray<uint> values = new([0u]);
        Run(nameof(Sketches.CountThreads), (3, 1, 1), (5, 1, 1), values.View);
        Assert.AreEqual(15u, values.Values[0]);
    }

    [TestMethod]
    public void Shuffle_WholeWarps_ExchangesWithinEach()
    {
        DeviceArray<int> values = new(64);
        Run(nameof(Sketches.WarpSums), (1, 1, 1), (64, 1, 1), values.View);
        Assert.AreEqual(31 * 32 / 2, values.Values[0]);
        Assert.AreEqual((95 * 96 / 2) - (63 * 64 / 2) - (32 * 32), values.Values[63]);
    }

    private static SimulationException AssertFault(
        string part, string kernel, (int X, int Y, int Z) grid, (int X, int Y, int Z) group, params object[] args)
    {
        SimulationException e = Assert.ThrowsExactly<SimulationException>(() => Run(kernel, grid, group, args));
        StringAssert.Contains(e.Message, part);
        return e;
    }

    private static void Run(
        string kernel, (int X, int Y, int Z) grid, (int X, int Y, int Z) group, params object[] args) =>
        Simulator.Launch(
            typeof(Sketches).GetMethod(kernel, BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public)!,
            grid, group, args);

    private static class Sketches
    {
        public static void Reverse(ArrayView<int> values)
        {
            ArrayView<int> shared = SharedMemory.Allocate<int>(4);
            int i = (Grid.IdxX * Group.DimX) + Group.IdxX;
            shared[Group.IdxX] = values[i];
            Group.Barrier();
            values[i] = shared[Group.DimX - 1 - Group.IdxX];
        }

        public static void ReverseWithoutBarrier(ArrayView<int> values)
        {
            ArrayView<int> shared = SharedMemory.Allocate<int>(4);
            shared[Group.IdxX] = values[Group.IdxX];
            values[Group.IdxX] = shared[Group.DimX - 1 - Group.IdxX];
            Group.Barrier();
        }

        public static void ReadThenOverwrite(ArrayView<int> values)
        {
            ArrayView<int> shared = SharedMemory.Allocate<int>(4);
            shared[Group.IdxX] = Group.IdxX;
            Group.Barrier();
            values[Group.IdxX] = shared[(Group.IdxX + 1) % 4];
            shared[Group.IdxX] = 10 + Group.IdxX;
            Group.Barrier();
        }

        public static void SkipBarrier(ArrayView<int> values)
        {
            if (Group.IdxX < 2)
            {
                Group.Barrier();
            }

            values[Group.IdxX] = 1;
        }

        public static void WriteOwn(ArrayView<int> values) =>
            values[(Grid.IdxX * Group.DimX) + Group.IdxX] = 1;

        public static void ReadUnwritten(ArrayView<float> values) => values[0] = SharedMemory.Allocate<float>(1)[0];

        public static void CountThreads(ArrayView<uint> values)
        {
            ArrayView<uint> shared = SharedMemory.Allocate<uint>(1);
            if (Group.IdxX == 0)
            {
                shared[0] = 0;
            }

            Group.Barrier();
            Atomic.Add(ref shared[0], 1u);
            Group.Barrier();
            if (Group.IdxX == 0)
            {
                Atomic.Add(ref values[0], shared[0]);
            }
        }

        public static void WarpSums(ArrayView<int> values)
        {
            int sum = Group.IdxX;
            for (int mask = 16; mask > 0; mask /= 2)
            {
                sum += Warp.ShuffleXor(sum, mask);
            }

            values[Group.IdxX] = sum;
        }
    }
}
