using SelfAdapt.KernelSimulator;

namespace ILGPU.Runtime;

/// <summary>More that a view can do.</summary>
public static class ArrayViewExtensions
{
    /// <summary>Tells the compiler of the view's alignment; here it is checked.</summary>
    /// <typeparam name="T">The value type.</typeparam>
    /// <param name="view">The view.</param>
    /// <param name="alignmentInBytes">The alignment.</param>
    public static ArrayView<T> AsAligned<T>(this ArrayView<T> view, int alignmentInBytes)
        where T : unmanaged =>
        view.ByteOffset % alignmentInBytes == 0
            ? view
            : throw new SimulationException(
                $"A view of {typeof(T).Name} starts at byte {view.ByteOffset}, no multiple of {alignmentInBytes}.");
}
