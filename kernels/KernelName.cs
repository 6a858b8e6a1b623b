using System.Reflection;

namespace SelfAdapt.Kernels;

/// <summary>What a kernel is called: Class.Method, of a generic one with its tile and precision behind.</summary>
public static class KernelName
{
    public static string Of(MethodInfo kernel) => string.Join(
        '.', [kernel.DeclaringType!.Name, kernel.Name, .. kernel.GetGenericArguments().Select(t => t.Name)]);
}
