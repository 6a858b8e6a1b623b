extern alias simulated;

using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using SelfAdapt.Kernels;
using Simulator = simulated::SelfAdapt.KernelSimulator.Simulator;
using KernelCase = simulated::SelfAdapt.KernelSimulator.KernelCase;
using SimulatedMemory = simulated::SelfAdapt.KernelSimulator.SimulatedMemory;

namespace SelfAdapt.KernelTool;

/// <summary>
/// Runs kernels through ILGPU's compiler on its CPU accelerator and beside it, as plain C#, in the simulator: same
/// arguments, so every array must come out with the same bits.
/// </summary>
internal static class AcceleratorCheck
{
    private static readonly IReadOnlyDictionary<string, MethodInfo> Simulated =
        Simulator.KernelsOf(typeof(simulated::SelfAdapt.Kernels.Elementwise).Assembly);

    /// <summary>Runs every case and prints how it came out.</summary>
    /// <returns>True where all agree.</returns>
    public static bool Run()
    {
        using Context context = Context.Create(b => b.CPU(CPUDeviceKind.Nvidia).Optimize(OptimizationLevel.O2));
        using CPUAccelerator accelerator = context.GetCPUDevice(0).CreateCPUAccelerator(context);
        int failed = 0;

        // Inline assembly is nothing to a CPU.
        KernelCase[] cases = [.. KernelCase.All.Where(c => !c.Kernel.StartsWith("Tf32", StringComparison.Ordinal)
            && !c.Kernel.StartsWith("Bf16", StringComparison.Ordinal))];
        foreach (KernelCase test in cases)
        {
            object[] simulated = [.. test.Arguments.Select(Copy)];
            object[] compiled = [.. test.Arguments.Select(Copy)];
            RunInSimulator(test, simulated);
            RunOnAccelerator(accelerator, test, compiled);
            int different = simulated.Zip(compiled).Sum(p => Differences(p.First, p.Second));
            int values = simulated.OfType<Array>().Sum(a => a.Length);
            Console.WriteLine($"{test.Kernel}: {(different == 0 ? "equal" : $"{different} differ")}, {values} values");
            failed += different == 0 ? 0 : 1;
        }

        Console.WriteLine($"{cases.Length - failed} of {cases.Length} agree.");
        return failed == 0;
    }

    private static void RunInSimulator(KernelCase test, object[] arguments)
    {
        List<(SimulatedMemory Memory, Array Values)> arrays = [];
        object[] views = [.. arguments.Select(a => a switch
        {
            float[] v => View(v, m => m.View<float>(0, v.Length)),
            int[] v when a.GetType() == typeof(int[]) => View(v, m => m.View<int>(0, v.Length)),
            uint[] v => View(v, m => m.View<uint>(0, v.Length)),
            _ => a,
        })];
        Simulator.Launch(Simulated[test.Kernel], test.Grid, test.Group, views);
        foreach ((SimulatedMemory memory, Array values) in arrays)
        {
            memory.Bytes.CopyTo(Bytes(values));
        }

        object View(Array values, Func<SimulatedMemory, object> view)
        {
            SimulatedMemory memory = new(Bytes(values).Length);
            Bytes(values).CopyTo(memory.Bytes);
            arrays.Add((memory, values));
            return view(memory);
        }
    }

    private static void RunOnAccelerator(CPUAccelerator accelerator, KernelCase test, object[] arguments)
    {
        string[] name = test.Kernel.Split('.');
        MethodInfo method = typeof(Elementwise).Assembly.GetType($"SelfAdapt.Kernels.{name[0]}")!.GetMethod(name[1])!;
        List<Action> after = [];
        object[] views = [.. arguments.Select(a => a switch
        {
            float[] v => Allocate(v),
            int[] v when a.GetType() == typeof(int[]) => Allocate(v),
            uint[] v => Allocate(v),
            _ => a,
        })];
        Kernel kernel = accelerator.LoadKernel(method);
        KernelConfig config = new(
            new Index3D(test.Grid.X, test.Grid.Y, test.Grid.Z), new Index3D(test.Group.X, test.Group.Y, test.Group.Z));
        kernel.Launch(accelerator.DefaultStream, config, views);
        accelerator.Synchronize();
        after.ForEach(a => a());

        object Allocate<T>(T[] values)
            where T : unmanaged
        {
            MemoryBuffer1D<T, Stride1D.Dense> buffer = accelerator.Allocate1D(values);
            after.Add(() =>
            {
                buffer.CopyToCPU(values);
                buffer.Dispose();
            });
            return buffer.View.BaseView;
        }
    }

    private static object Copy(object argument) => argument is Array values ? values.Clone() : argument;

    private static int Differences(object a, object b)
    {
        if (a is not Array first)
        {
            return 0;
        }

        ReadOnlySpan<uint> left = MemoryMarshal.Cast<byte, uint>(Bytes(first));
        ReadOnlySpan<uint> right = MemoryMarshal.Cast<byte, uint>(Bytes((Array)b));
        int different = 0;
        for (int i = 0; i < left.Length; i++)
        {
            different += left[i] == right[i] ? 0 : 1;
        }

        return different;
    }

    private static Span<byte> Bytes(Array values) =>
        MemoryMarshal.CreateSpan(ref MemoryMarshal.GetArrayDataReference(values), values.Length * sizeof(float));
}
