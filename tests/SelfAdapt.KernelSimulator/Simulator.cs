using System.Reflection;

namespace SelfAdapt.KernelSimulator;

/// <summary>
/// Runs kernels on the CPU, slowly and strictly. An index out of bounds, a barrier that not every thread of a
/// group reaches and shared memory that threads touch in unknown order are errors; shared memory starts as NaN.
/// </summary>
public static class Simulator
{
    /// <summary>Most threads that a group may have.</summary>
    public const int MaxThreads = 1024;

    private static readonly Lock Gate = new();
    private static readonly WorkerThreads Workers = new();

    /// <summary>The kernels of an assembly, by name; a generic one once for every tile and precision.</summary>
    /// <param name="kernels">This assembly, or the one that was compiled against ILGPU.</param>
    public static IReadOnlyDictionary<string, MethodInfo> KernelsOf(Assembly kernels) => kernels.GetExportedTypes()
        .Where(t => t.Namespace == typeof(Kernels.Elementwise).Namespace)
        .SelectMany(t => t.GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly))
        .Where(m => m.ReturnType == typeof(void))
        .SelectMany(Closed)
        .ToDictionary(Kernels.KernelName.Of);

    /// <summary>Runs a kernel over a grid and returns when it is done.</summary>
    /// <param name="kernel">A static method.</param>
    /// <param name="grid">Number of groups.</param>
    /// <param name="group">Threads in a group.</param>
    /// <param name="args">The kernel's parameters, of exactly their types.</param>
    /// <exception cref="SimulationException">The kernel did something forbidden.</exception>
    public static void Launch(
        MethodInfo kernel, (int X, int Y, int Z) grid, (int X, int Y, int Z) group, params object[] args)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        ArgumentNullException.ThrowIfNull(args);
        string name = Kernels.KernelName.Of(kernel);
        CheckArguments(kernel, name, args);
        CheckSizes(name, grid, group);
        MethodInvoker invoker = MethodInvoker.Create(kernel);
        bool together = BarrierScan.Waits(kernel);
        void Body() => invoker.Invoke(null, args.AsSpan()!);
        lock (Gate)
        {
            for (int i = 0; i < grid.X * grid.Y * grid.Z; i++)
            {
                GroupRun run = new(name, grid, (i % grid.X, i / grid.X % grid.Y, i / (grid.X * grid.Y)), group);
                if (together)
                {
                    run.RunTogether(Workers, Body);
                }
                else
                {
                    run.RunInTurn(Body);
                }
            }
        }
    }

    private static IEnumerable<MethodInfo> Closed(MethodInfo kernel)
    {
        if (!kernel.IsGenericMethodDefinition)
        {
            return [kernel];
        }

        Type[][] choices = [.. kernel.GetGenericArguments().Select(argument => kernel.Module.GetTypes()
            .Where(t => t.IsValueType && argument.GetGenericParameterConstraints().All(c => c.IsAssignableFrom(t)))
            .ToArray())];
        return choices[0].SelectMany(_ => choices[1], (tile, precision) => kernel.MakeGenericMethod(tile, precision));
    }

    private static void CheckSizes(string name, (int X, int Y, int Z) grid, (int X, int Y, int Z) group)
    {
        int threads = group.X * group.Y * group.Z;
        if (Math.Min(group.X, Math.Min(group.Y, group.Z)) < 1 || threads > MaxThreads || group.Z > 64)
        {
            throw new SimulationException($"{name}: a group can't have {group} threads.");
        }

        if (Math.Min(grid.X, Math.Min(grid.Y, grid.Z)) < 1 || Math.Max(grid.Y, grid.Z) > ushort.MaxValue)
        {
            throw new SimulationException($"{name}: a grid can't have {grid} groups.");
        }
    }

    private static void CheckArguments(MethodInfo kernel, string name, object[] args)
    {
        ParameterInfo[] parameters = kernel.GetParameters();
        if (parameters.Length != args.Length)
        {
            throw new SimulationException($"{name} has {parameters.Length} parameters, not {args.Length}.");
        }

        foreach ((ParameterInfo parameter, object value) in parameters.Zip(args))
        {
            if (parameter.ParameterType != value.GetType())
            {
                throw new SimulationException(
                    $"{name}: parameter {parameter.Name} is {parameter.ParameterType}, not {value.GetType()}.");
            }
        }
    }
}
