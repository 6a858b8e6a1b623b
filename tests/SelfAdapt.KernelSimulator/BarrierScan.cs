using System.Collections.Concurrent;
using System.Reflection;
using System.Reflection.Emit;
using ILGPU;
using ILGPU.Runtime.Cuda;

namespace SelfAdapt.KernelSimulator;

/// <summary>Finds out from a kernel's code whether its threads ever wait for each other.</summary>
internal static class BarrierScan
{
    private static readonly Dictionary<short, OpCode> OpCodes = typeof(OpCodes)
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(f => (OpCode)f.GetValue(null)!)
        .ToDictionary(o => o.Value);

    private static readonly ConcurrentDictionary<MethodBase, bool> Known = new();

    /// <summary>True where the kernel, or what it calls, has a barrier or a warp exchange.</summary>
    /// <param name="kernel">The kernel.</param>
    public static bool Waits(MethodBase kernel) => Known.GetOrAdd(kernel, k => Waits(k, []));

    private static bool Waits(MethodBase method, HashSet<MethodBase> visited) =>
        visited.Add(method) && Calls(method).Any(callee =>
            callee.DeclaringType == typeof(Warp) || callee.DeclaringType == typeof(CudaAsm)
            || (callee.DeclaringType == typeof(Group) && callee.Name == nameof(Group.Barrier))
            || (callee.Module == method.Module && Waits(callee, visited)));

    private static IEnumerable<MethodBase> Calls(MethodBase method)
    {
        byte[] code = method.GetMethodBody()?.GetILAsByteArray() ?? [];
        for (int at = 0; at < code.Length;)
        {
            short value = code[at++];
            if (value == 0xFE)
            {
                value = (short)((value << 8) | code[at++]);
            }

            OpCode opcode = OpCodes[value];
            if (opcode.OperandType == OperandType.InlineMethod
                && Resolve(method, BitConverter.ToInt32(code, at)) is { } callee)
            {
                yield return callee;
            }

            at += OperandBytes(opcode.OperandType, code, at);
        }
    }

    private static MethodBase? Resolve(MethodBase method, int token) => method.Module.ResolveMethod(
        token,
        method.DeclaringType is { IsGenericType: true } type ? type.GetGenericArguments() : null,
        method.IsGenericMethod ? method.GetGenericArguments() : null);

    private static int OperandBytes(OperandType operand, byte[] code, int at) => operand switch
    {
        OperandType.InlineNone => 0,
        OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
        OperandType.InlineVar => 2,
        OperandType.InlineI8 or OperandType.InlineR => 8,
        OperandType.InlineSwitch => 4 + (4 * BitConverter.ToInt32(code, at)),
        _ => 4,
    };
}
