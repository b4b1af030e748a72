package dev.tapestry.trust.json;

import dev.tapestry.consortium.LeftOutWhenEmpty;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What reflection tells of a record, looked up once for each class.
 *
 * @param tag the value of its "type" member, when a sealed interface permits it
 */
record RecordShape(
        Class<?> type,
        List<Component> components,
        Constructor<?> constructor,
        @Nullable String tag) {

    /** The member that tells a sealed interface's records apart. */
    static final String TAG_MEMBER = "type";

    private static final Set<String> SCALAR_NAMES = Set.of("value", "hex");
    private static final Set<Type> SCALAR_TYPES = Set.of(String.class, int.class, long.class);

    private static final ClassValue<RecordShape> SHAPES =
            new ClassValue<>() {
                @Override
                protected RecordShape computeValue(Class<?> type) {
                    return inspect(type);
                }
            };

    /**
     * One component.
     *
     * @param leftOut whether its member is missing, and not null, where it is empty
     */
    record Component(String name, Type type, boolean nullable, boolean leftOut, Method accessor) {
        static Component of(RecordComponent declared) {
            Method accessor = declared.getAccessor();
            accessor.setAccessible(true);
            return new Component(
                    declared.getName(),
                    declared.getGenericType(),
                    declared.getAnnotatedType().isAnnotationPresent(Nullable.class),
                    declared.isAnnotationPresent(LeftOutWhenEmpty.class),
                    accessor);
        }
    }

    /** The shape of a record class. */
    static RecordShape of(Class<?> type) {
        return SHAPES.get(type);
    }

    /**
     * Whether this record only wraps a string or whole number and is written as it: its one
     * component is called {@code value} or {@code hex}. Other records with one component are
     * objects like all the rest, so that they can grow.
     */
    boolean scalar() {
        if (tag != null || components.size() != 1) {
            return false;
        }
        Component only = components.getFirst();
        return SCALAR_NAMES.contains(only.name()) && SCALAR_TYPES.contains(only.type());
    }

    /** The records below a sealed interface, through sealed interfaces between. */
    static List<Class<?>> permitted(Class<?> sealed) {
        List<Class<?>> records = new ArrayList<>();
        for (Class<?> subclass : sealed.getPermittedSubclasses()) {
            if (subclass.isSealed()) {
                records.addAll(permitted(subclass));
            } else {
                records.add(subclass);
            }
        }
        return records;
    }

    private static RecordShape inspect(Class<?> type) {
        try {
            List<Component> components = new ArrayList<>();
            RecordComponent[] declared = type.getRecordComponents();
            for (RecordComponent component : declared) {
                components.add(Component.of(component));
            }
            Constructor<?> constructor =
                    type.getDeclaredConstructor(
                            Arrays.stream(declared)
                                    .map(RecordComponent::getType)
                                    .toArray(Class<?>[]::new));
            constructor.setAccessible(true);
            boolean tagged = Arrays.stream(type.getInterfaces()).anyMatch(Class::isSealed);
            return new RecordShape(
                    type, List.copyOf(components), constructor, tagged ? kebab(type) : null);
        } catch (NoSuchMethodException e) {
            throw new IllegalStateException("every record has its canonical constructor", e);
        }
    }

    private static String kebab(Class<?> type) {
        return type.getSimpleName()
                .replaceAll("([a-z0-9])([A-Z])", "$1-$2")
                .replaceAll("([A-Z])([A-Z][a-z])", "$1-$2")
                .toLowerCase(Locale.ROOT);
    }
}
